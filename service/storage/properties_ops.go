package storage

import (
	"bytes"
	"crypto/md5" //nolint:gosec // the protocol's checksum
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
)

// maxPropertiesBody bounds the body of Set Service Properties. The largest
// document that is valid is a few KiB.
const maxPropertiesBody = 64 << 10

// PropertyOperations are the operations on the service itself that every
// service mounts: GET and PUT ?restype=service&comp=properties, GET
// ?restype=service&comp=stats.
type PropertyOperations struct {
	Get, Set, Stats *Operation
}

// NewPropertyOperations returns the operations of service k on p. An account
// SAS of resource type "s" may call them, with r to get and w to set.
//
// The holder of a bearer token needs {kind}Services/read or /write. The page of
// "Authorize with Microsoft Entra ID" has read for Set Queue Service Properties,
// against the two other services: taken for a slip.
func NewPropertyOperations(k Kind, p *Properties) PropertyOperations {
	name := title(k)
	services := "Microsoft.Storage/storageAccounts/" + string(k) + "Services/"
	read, write := AnyOf(Action{Name: services + "read"}), AnyOf(Action{Name: services + "write"})
	return PropertyOperations{
		Get: &Operation{
			Name: "Get" + name + "ServiceProperties", Class: Read, Scope: ScopeService, SAS: "r", Actions: read,
			Run: p.runGet,
		},
		Set: &Operation{
			Name: "Set" + name + "ServiceProperties", Class: Write, Scope: ScopeService, SAS: "w", Actions: write,
			MaxBody: maxPropertiesBody,
			Run:     p.runSet,
		},
		Stats: &Operation{
			Name: "Get" + name + "ServiceStats", Class: Read, Scope: ScopeService, SAS: "r", Actions: read,
			Run: runStats,
		},
	}
}

// Complete puts operations that are refused as not implemented in the place of
// those that are nil.
func (o PropertyOperations) Complete(k Kind) PropertyOperations {
	none := NewPropertyOperations(k, nil)
	for _, one := range [...]struct{ op, refused **Operation }{{&o.Get, &none.Get}, {&o.Set, &none.Set}, {&o.Stats, &none.Stats}} {
		if *one.op == nil {
			*one.op = *one.refused
			(*one.op).Run = func(*Call) error { return ErrNotImplemented }
		}
	}
	return o
}

// runGet answers 200 with the properties that version c.Version knows.
func (p *Properties) runGet(c *Call) error {
	sp, err := p.Get(c.Context(), c.Account.Name, c.Service)
	if err != nil {
		return err
	}
	return c.Response.WriteBody(http.StatusOK, "application/xml", appendServiceProperties(nil, c.Service, c.Version, sp))
}

// runSet answers 202 once the properties are stored and in force.
func (p *Properties) runSet(c *Call) error {
	body, err := c.ReadBody(nil)
	if err != nil {
		return err
	}
	err = p.update(c.Context(), c.Account, c.Service, func(old ServiceProperties) (ServiceProperties, error) {
		return parseServiceProperties(body, c.Service, c.Version, old)
	})
	if err != nil {
		return err
	}
	c.Response.WriteHeader(http.StatusAccepted)
	return nil
}

// runStats answers what an account without a copy elsewhere can say of
// replication: the secondary endpoint reads the same data, so it is live and as
// of now.
//
// Source: REST API reference, "Get Blob Service Stats": only the secondary
// endpoint answers.
func runStats(c *Call) error {
	if !c.secondary {
		return InvalidQuery("comp", "stats", "The statistics are only served by the secondary endpoint.")
	}
	body := xmlDeclaration + "<StorageServiceStats><GeoReplication><Status>live</Status><LastSyncTime>" +
		HTTPTime(c.Now) + "</LastSyncTime></GeoReplication></StorageServiceStats>"
	return c.Response.WriteBody(http.StatusOK, "application/xml", []byte(body))
}

// appendServiceProperties renders properties as the service does: a byte order
// mark, one line, the elements in the order of the real answers, and no element
// that is newer than version v.
func appendServiceProperties(b []byte, k Kind, v Version, sp ServiceProperties) []byte {
	b = append(b, xmlDeclaration+"<StorageServiceProperties><Logging>"...)
	b = AppendElement(b, "Version", sp.Logging.Version)
	b = AppendElement(b, "Read", strconv.FormatBool(sp.Logging.Read))
	b = AppendElement(b, "Write", strconv.FormatBool(sp.Logging.Write))
	b = AppendElement(b, "Delete", strconv.FormatBool(sp.Logging.Delete))
	b = appendRetention(b, sp.Logging.Retention)
	b = append(b, "</Logging>"...)
	if v < V2013_08_15 {
		b = appendMetrics(b, "Metrics", sp.HourMetrics)
	} else {
		b = appendMetrics(b, "HourMetrics", sp.HourMetrics)
		b = appendMetrics(b, "MinuteMetrics", sp.MinuteMetrics)
		b = appendCors(b, sp.Cors)
	}
	if k == Blob && v >= V2017_07_29 {
		b = append(b, "<DeleteRetentionPolicy><Enabled>false</Enabled></DeleteRetentionPolicy>"...)
	}
	if k == Blob && v >= V2018_03_28 {
		b = append(b, "<StaticWebsite><Enabled>false</Enabled></StaticWebsite>"...)
	}
	if k == Blob && v >= V2011_08_18 && sp.DefaultServiceVersion != "" {
		b = AppendElement(b, "DefaultServiceVersion", string(sp.DefaultServiceVersion))
	}
	return append(b, "</StorageServiceProperties>"...)
}

func appendMetrics(b []byte, name string, m Metrics) []byte {
	b = append(b, "<"+name+">"...)
	b = AppendElement(b, "Version", m.Version)
	b = AppendElement(b, "Enabled", strconv.FormatBool(m.Enabled))
	if m.Enabled {
		b = AppendElement(b, "IncludeAPIs", strconv.FormatBool(m.IncludeAPIs))
	}
	b = appendRetention(b, m.Retention)
	return append(b, "</"+name+">"...)
}

func appendRetention(b []byte, r RetentionPolicy) []byte {
	b = append(b, "<RetentionPolicy>"...)
	b = AppendElement(b, "Enabled", strconv.FormatBool(r.Enabled))
	if r.Enabled {
		b = AppendElement(b, "Days", strconv.Itoa(r.Days))
	}
	return append(b, "</RetentionPolicy>"...)
}

func appendCors(b []byte, rules []CorsRule) []byte {
	if len(rules) == 0 {
		return append(b, "<Cors />"...)
	}
	b = append(b, "<Cors>"...)
	for _, r := range rules {
		b = append(b, "<CorsRule>"...)
		b = AppendElement(b, "AllowedMethods", strings.Join(r.AllowedMethods, ","))
		b = AppendElement(b, "AllowedOrigins", strings.Join(r.AllowedOrigins, ","))
		b = AppendElement(b, "AllowedHeaders", strings.Join(r.AllowedHeaders, ","))
		b = AppendElement(b, "ExposedHeaders", strings.Join(r.ExposedHeaders, ","))
		b = AppendElement(b, "MaxAgeInSeconds", strconv.Itoa(r.MaxAgeInSeconds))
		b = append(b, "</CorsRule>"...)
	}
	return append(b, "</Cors>"...)
}

// checkMD5 compares a body with its Content-MD5.
func checkMD5(body []byte, sent string) error {
	want, err := base64.StdEncoding.DecodeString(sent)
	if err != nil || len(want) != md5.Size {
		return ErrInvalidMd5
	}
	if got := md5.Sum(body); !bytes.Equal(got[:], want) {
		return ErrMd5Mismatch.With("UserSpecifiedMd5", sent).With("ServerCalculatedMd5", base64.StdEncoding.EncodeToString(got[:]))
	}
	return nil
}
