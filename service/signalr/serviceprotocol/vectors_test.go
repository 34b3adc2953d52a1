package serviceprotocol

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"strings"
	"testing"
	"time"
)

// vectors are messages of the tests of the SDK's protocol, without their length.
var vectors = []struct {
	name string
	hex  string
	want Message
}{
	{"HandshakeRequest", "96010100a00080", &HandshakeRequest{Version: 1}},
	{"HandshakeResponse", "9402a080c0", &HandshakeResponse{}},
	{"HandshakeResponse with ID", "9402a080a3616263", &HandshakeResponse{ConnectionID: "abc"}},
	{"Ping", "9103", &Ping{}},
	{"Ping with a pair", "9303a161a162", &Ping{Pairs: []Pair{{"a", "b"}}}},
	{"OpenConnection", "9604a5636f6e6e318080a080", &OpenConnection{ConnectionID: "conn1"}},
	{"OpenConnection with protocol", "9604a5636f6e6e318080a08103a46a736f6e", &OpenConnection{ConnectionID: "conn1", Ext: Ext{Protocol: "json"}}},
	{"CloseConnection", "9505a5636f6e6e33a08080", &CloseConnection{ConnectionID: "conn3"}},
	{"ConnectionData", "9406a5636f6e6e35c4070102030405060780", &ConnectionData{ConnectionID: "conn5", Data: []byte{1, 2, 3, 4, 5, 6, 7}}},
	{"JoinGroup", "940ba6636f6e6e3130a667726f75703180", &JoinGroup{ConnectionID: "conn10", Group: "group1"}},
	{"JoinGroupWithAck", "9512a6636f6e6e3134a667726f7570310180", &JoinGroupWithAck{ConnectionID: "conn14", Group: "group1", AckID: 1}},
	{"Ack", "95140164a080", &Ack{ID: 1, Status: 100}},
	{"CheckGroupExistence", "9417a567726f757000810103", &CheckGroupExistence{Group: "group", Ext: Ext{TracingID: 3}}},
	{"CloseUserConnections", "9620a57573657231c0019080", &CloseUserConnectionsWithAck{User: "user1", AckID: 1}},
	{"ConnectionReconnect", "9326a5636f6e6e3780", &ConnectionReconnect{ConnectionID: "conn7"}},
}

func TestVectors(t *testing.T) {
	for _, v := range vectors {
		t.Run(v.name, func(t *testing.T) {
			raw := unhex(t, v.hex)
			framed := append([]byte{byte(len(raw))}, raw...)
			if got := v.want.Append(nil); !bytes.Equal(got, framed) {
				t.Errorf("written %x, want %x", got, framed)
			}
			got, rest, err := Next(append(framed, 0x02, 0x91))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, v.want) {
				t.Errorf("read %+v, want %+v", got, v.want)
			}
			if !bytes.Equal(rest, []byte{0x02, 0x91}) {
				t.Errorf("rest %x", rest)
			}
		})
	}
	if got := (&Ext{TracingID: 1234}).append(nil); !bytes.Equal(got, unhex(t, "8101cd04d2")) {
		t.Errorf("properties with a tracing ID: %x", got)
	}
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// full returns every message with something in every field.
func full() []Message {
	ttl := 90 * time.Second
	ext := Ext{TracingID: 1<<63 + 5, TTL: &ttl, Protocol: "messagepack", Filter: "userId eq 'a'", DataType: DataInvocation, Partial: true}
	frames := Payloads{"json": []byte("{\"type\":6}\x1e"), "messagepack": {2, 0x91, 6}}
	headers := map[string][]string{"X-Forwarded-For": {"10.0.0.1", "10.0.0.2"}, "Asrs-Instance-Id": {"i"}, "Empty": nil}
	return []Message{
		&HandshakeRequest{Version: 1, ConnectionType: Weak, Target: "t", MigrationLevel: MigrationAny, Ext: ext, AllowStatefulReconnects: true},
		&HandshakeResponse{Error: "no", Ext: ext, ConnectionID: "c"},
		&Ping{Pairs: []Pair{{"status", "1"}, {"clientcount", "20"}, {"#client", ""}}},
		&OpenConnection{ConnectionID: "c", Claims: []Claim{{"role", "b"}, {"role", "a"}, {"nameid", ""}}, Headers: headers, Query: "?hub=chat", Ext: ext},
		&CloseConnection{ConnectionID: "c", Error: "e", Headers: headers, Ext: ext},
		&ConnectionData{ConnectionID: "c", Data: bytes.Repeat([]byte{7}, 300), Ext: ext},
		&MultiConnectionData{ConnectionIDs: []string{"a", "b"}, Payloads: frames, Ext: ext},
		&UserData{User: "u", Payloads: frames, Ext: ext},
		&MultiUserData{Users: []string{"a", "b"}, Payloads: frames, Ext: ext},
		&BroadcastData{Excluded: []string{"a"}, Payloads: frames, Ext: ext},
		&JoinGroup{ConnectionID: "c", Group: "g", Ext: ext},
		&LeaveGroup{ConnectionID: "c", Group: "g", Ext: ext},
		&GroupBroadcastData{Group: "g", Excluded: []string{"c"}, Payloads: frames, Ext: ext, ExcludedUsers: []string{"u"}, CallerUser: "me"},
		&MultiGroupBroadcastData{Groups: []string{"g", "h"}, Payloads: frames, Ext: ext},
		&ServiceError{Message: "m"},
		&UserJoinGroup{User: "u", Group: "g", Ext: ext},
		&UserLeaveGroup{User: "u", Group: "g", Ext: ext},
		&JoinGroupWithAck{ConnectionID: "c", Group: "g", AckID: 70000, Ext: ext},
		&LeaveGroupWithAck{ConnectionID: "c", Group: "g", AckID: -1, Ext: ext},
		&Ack{ID: 300, Status: StatusNotFound, Message: "m", Ext: ext, Payload: []byte{1}},
		&CheckUserInGroup{User: "u", Group: "g", AckID: 2, Ext: ext},
		&ServiceEvent{Object: ObjectServerConnection, ID: "i", Event: EventBufferFull, Message: "m", Ext: ext},
		&CheckGroupExistence{Group: "g", AckID: 2, Ext: ext},
		&CheckConnectionExistence{ConnectionID: "c", AckID: 2, Ext: ext},
		&CheckUserExistence{User: "u", AckID: 2, Ext: ext},
		&UserJoinGroupWithAck{User: "u", Group: "g", AckID: 2, Ext: ext},
		&UserLeaveGroupWithAck{User: "u", Group: "g", AckID: 2, Ext: ext},
		&AccessKeyRequest{Token: "t", KeyID: "k", Ext: ext},
		&AccessKeyResponse{KeyID: "k", AccessKey: "a", ErrorType: "t", ErrorMessage: "m", Ext: ext},
		&CloseConnectionWithAck{ConnectionID: "c", Reason: "r", AckID: 2, Ext: ext},
		&CloseConnectionsWithAck{Reason: "r", AckID: 2, Excluded: []string{"c"}, Ext: ext},
		&CloseUserConnectionsWithAck{User: "u", Reason: "r", AckID: 2, Excluded: []string{"c"}, Ext: ext},
		&CloseGroupConnectionsWithAck{Group: "g", Reason: "r", AckID: 2, Excluded: []string{"c"}, Ext: ext},
		&ClientInvocation{InvocationID: "i", ConnectionID: "c", CallerServerID: "s", Payloads: frames, Ext: ext},
		&ClientCompletion{InvocationID: "i", ConnectionID: "c", CallerServerID: "s", Protocol: "json", Data: []byte("x"), Ext: ext},
		&ErrorCompletion{InvocationID: "i", ConnectionID: "c", CallerServerID: "s", Error: "e", Ext: ext},
		&ServiceMapping{InvocationID: "i", ConnectionID: "c", InstanceID: "n", Ext: ext},
		&ConnectionReconnect{ConnectionID: "c", Ext: ext},
		&ConnectionFlowControl{ConnectionID: "c", ConnectionKind: FlowServer, Operation: FlowOffline, Ext: ext},
		&GroupMemberQuery{Ext: ext, Group: "g", AckID: 2, Max: 5, ContinuationToken: "next", MaxPageSize: 100, Top: 7},
	}
}
