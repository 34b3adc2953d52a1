package eventhub

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

const (
	testKey  = "c2VjcmV0LXNlY3JldC1zZWNyZXQ+/w=="
	testConn = "Endpoint=sb://ns.servicebus.windows.net/;SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=" + testKey
)

func TestParseConnectionString(t *testing.T) {
	for _, c := range []struct {
		in     string
		broker string
		want   ConnectionString
	}{
		{
			testConn, "ns.servicebus.windows.net:9093",
			ConnectionString{Host: "ns.servicebus.windows.net", KeyName: "RootManageSharedAccessKey", Key: testKey},
		},
		{
			testConn + ";EntityPath=audit;", "ns.servicebus.windows.net:9093",
			ConnectionString{Host: "ns.servicebus.windows.net", KeyName: "RootManageSharedAccessKey", Key: testKey, EntityPath: "audit"},
		},
		{
			"Endpoint=sb://localhost;SharedAccessKeyName=n;SharedAccessKey=SAS_KEY_VALUE;UseDevelopmentEmulator=true;", "localhost:9092",
			ConnectionString{Host: "localhost", KeyName: "n", Key: "SAS_KEY_VALUE", Emulator: true},
		},
		{
			"Endpoint=sb://localhost:19092/;SharedAccessKeyName=n;SharedAccessKey=k;UseDevelopmentEmulator=True", "localhost:19092",
			ConnectionString{Host: "localhost", Port: "19092", KeyName: "n", Key: "k", Emulator: true},
		},
		{
			"Endpoint=sb://[::1]:9093/;SharedAccessKeyName=n;SharedAccessKey=k;UseDevelopmentEmulator=false", "[::1]:9093",
			ConnectionString{Host: "::1", Port: "9093", KeyName: "n", Key: "k"},
		},
		{
			" endpoint = SB://h/ ;\n sharedaccesskey=k= ; SHAREDACCESSKEYNAME=n;TransportType=Amqp ", "h:9093",
			ConnectionString{Host: "h", KeyName: "n", Key: "k="},
		},
	} {
		got, err := ParseConnectionString(c.in)
		if err != nil {
			t.Errorf("%q: %v", c.in, err)
			continue
		}
		if got.raw != strings.TrimSpace(c.in) {
			t.Errorf("%q: the password would be %q", c.in, got.raw)
		}
		got.raw = ""
		if got != c.want {
			t.Errorf("%q:\n got %v\nwant %v", c.in, got, c.want)
		}
		if b := got.Broker(); b != c.broker {
			t.Errorf("%q: broker %s, want %s", c.in, b, c.broker)
		}
	}
}

func TestParseConnectionStringRefuses(t *testing.T) {
	const rest = ";SharedAccessKeyName=kilimanjaro;SharedAccessKey=popocatepetl"
	for in, want := range map[string]string{
		"":                          "no Endpoint",
		"Endpoint=sb://matterhorn/": "no SharedAccessKeyName",
		"Endpoint=sb://matterhorn/;SharedAccessKeyName=kilimanjaro":    "no SharedAccessKey",
		"SharedAccessKeyName=kilimanjaro;SharedAccessKey=popocatepetl": "no Endpoint",
		"matterhorn" + rest:                                                              "part 1",
		"Endpoint=sb://matterhorn/;popocatepetl" + rest:                                  "part 2",
		"Endpoint=https://matterhorn/" + rest:                                            "sb://",
		"Endpoint=matterhorn:9093" + rest:                                                "sb://",
		"Endpoint=sb://" + rest:                                                          "sb://host/",
		"Endpoint=sb://matterhorn/popocatepetl" + rest:                                   "sb://host/",
		"Endpoint=sb://u:popocatepetl@matterhorn" + rest:                                 "sb://host/",
		"Endpoint=sb://matterhorn:popocatepetl/" + rest:                                  "no URL",
		"Endpoint=sb://matterhorn:0/" + rest:                                             "port",
		"Endpoint=sb://matterhorn:65536/" + rest:                                         "port",
		"Endpoint=sb://matter%zzhorn/" + rest:                                            "no URL",
		"Endpoint=sb://matterhorn/" + rest + ";UseDevelopmentEmulator=popocatepetl":      "UseDevelopmentEmulator",
		"Endpoint=sb://matterhorn/" + rest + ";EntityPath=a popocatepetl":                "EntityPath",
		"Endpoint=sb://matterhorn/" + rest + rest:                                        "part 4",
		"Endpoint=sb://matterhorn/;SharedAccessSignature=sr=matterhorn&sig=popocatepetl": "SharedAccessSignature",
		"Endpoint=sb://matterhorn/" + rest + strings.Repeat("x", 5000):                   "4096",
	} {
		_, err := ParseConnectionString(in)
		if err == nil {
			t.Errorf("%q was taken", in)
			continue
		}
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q in it", in, err, want)
		}
		for _, part := range []string{"matterhorn", "kilimanjaro", "popocatepetl"} {
			if strings.Contains(err.Error(), part) {
				t.Errorf("%q: the error quotes it: %v", in, err)
			}
		}
	}
}

func TestConnectionStringHidesKey(t *testing.T) {
	c, err := ParseConnectionString(testConn + ";EntityPath=audit")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(h).Info("see", slog.Any("c", c), slog.Any("p", &c), slog.Any("in", struct{ C ConnectionString }{c}))
	}
	fmt.Fprintf(&out, "%v %+v %#v %s %q %v %+v", c, c, c, c, c, &c, struct{ C ConnectionString }{c})
	text, err := json.Marshal(map[string]any{"c": c, "p": &c})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(text)
	if strings.Contains(out.String(), "c2VjcmV0") {
		t.Errorf("the key is shown: %s", out.String())
	}
	for _, want := range []string{"ns.servicebus.windows.net", "RootManageSharedAccessKey", "EntityPath=audit"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s is not shown: %s", want, out.String())
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for want, cfg := range map[string]Config{
		"neither brokers":            {},
		"host:port":                  {Brokers: []string{"localhost"}},
		"no name of an event hub":    {Brokers: []string{"h:1"}, Hub: "a/b"},
		"partitions":                 {Brokers: []string{"h:1"}, Partitions: -1},
		"timeout":                    {Brokers: []string{"h:1"}, Timeout: -1},
		"MaxMessage is 1,":           {Brokers: []string{"h:1"}, MaxMessage: 1},
		"MaxMessage is 1073741824":   {Brokers: []string{"h:1"}, MaxMessage: 1 << 30},
		`for hub "audit"`:            {ConnectionString: testConn + ";EntityPath=audit", Hub: "other"},
		"read the connection string": {ConnectionString: testKey},
	} {
		_, err := New(cfg)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q in it", err, want)
		} else if strings.Contains(err.Error(), "c2VjcmV0") {
			t.Errorf("the error shows the key: %v", err)
		}
	}
}

func TestConnectionStringConfigures(t *testing.T) {
	for _, c := range []struct {
		cfg    Config
		hub    string
		broker string
		tls    bool
	}{
		{Config{ConnectionString: testConn}, "", "ns.servicebus.windows.net:9093", true},
		{Config{ConnectionString: testConn, Hub: "audit"}, "audit", "ns.servicebus.windows.net:9093", true},
		{Config{ConnectionString: testConn + ";EntityPath=audit", Hub: "audit"}, "audit", "ns.servicebus.windows.net:9093", true},
		{Config{ConnectionString: testConn + ";EntityPath=audit", Brokers: []string{"127.0.0.1:9"}}, "audit", "127.0.0.1:9", true},
		{Config{ConnectionString: testConn + ";UseDevelopmentEmulator=true"}, "", "ns.servicebus.windows.net:9092", false},
		{Config{Brokers: []string{"127.0.0.1:9"}}, "", "127.0.0.1:9", false},
	} {
		d := open(t, c.cfg)
		if d.cfg.Hub != c.hub || d.cfg.Brokers[0] != c.broker || (d.cfg.TLS != nil) != c.tls {
			t.Errorf("%+v: hub %q, broker %s, TLS %v", c, d.cfg.Hub, d.cfg.Brokers[0], d.cfg.TLS != nil)
		}
	}
}
