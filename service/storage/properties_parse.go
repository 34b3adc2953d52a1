package storage

import (
	"slices"
	"strconv"
	"strings"
)

// Reading the body of Set Blob, Queue and Table Service Properties.
//
// Source: REST API reference, "Set Blob Service Properties" and its siblings;
// codes, reasons and positions as recorded from the service. Versions before
// 2013-08-15 know Logging and Metrics and want both; later ones know HourMetrics
// and MinuteMetrics, and what is left out keeps its value. What is wrong is
// found in the order of the document, and then nothing is changed.

// propertiesDoc is a body being read.
type propertiesDoc struct {
	doc     []byte
	kind    Kind
	version Version
}

// parseServiceProperties applies a body to the current properties.
func parseServiceProperties(doc []byte, k Kind, v Version, sp ServiceProperties) (ServiceProperties, error) {
	d := &propertiesDoc{doc, k, v}
	root, at, err := parseXML(doc)
	if err != nil {
		return sp, d.invalid(at, "")
	}
	if root.name != "StorageServiceProperties" {
		return sp, d.invalid(root.start, "Element '"+root.name+"' is not recognized.")
	}
	if len(root.children) == 0 && v >= V2013_08_15 {
		return sp, d.invalid(root.start, "Element '' is not recognized.")
	}
	seen := map[string]bool{}
	for _, e := range root.children {
		if seen[e.name] {
			return sp, d.invalid(e.start, "Element "+e.name+" is given more than once.")
		}
		seen[e.name] = true
		if err := d.root(e, &sp); err != nil {
			return sp, err
		}
	}
	if v < V2013_08_15 {
		for _, name := range []string{"Logging", "Metrics"} {
			if !seen[name] {
				return sp, d.invalid(root.end, "Element "+name+" is required.")
			}
		}
	}
	return sp, nil
}

// root applies one element below StorageServiceProperties.
func (d *propertiesDoc) root(e *element, sp *ServiceProperties) (err error) {
	modern := d.version >= V2013_08_15
	switch {
	case e.name == "Logging":
		sp.Logging, err = d.logging(e)
	case e.name == "Metrics" && !modern, e.name == "HourMetrics" && modern:
		sp.HourMetrics, err = d.metrics(e)
	case e.name == "MinuteMetrics" && modern:
		sp.MinuteMetrics, err = d.metrics(e)
	case e.name == "Cors" && modern:
		sp.Cors, err = d.cors(e)
	case e.name == "DefaultServiceVersion" && d.kind == Blob && d.version >= V2011_08_18:
		// Older ones exist, but requests of versions before 2009-09-19 are not
		// served here, so none can be the default.
		if !knownVersion(Version(e.text)) {
			return d.badValue(e, "The version is not one that this service supports.")
		}
		sp.DefaultServiceVersion = Version(e.text)
	case e.name == "DeleteRetentionPolicy" && d.kind == Blob && d.version >= V2017_07_29:
		return d.refuseEnabled(e, "Soft delete is not supported by this service; DeleteRetentionPolicy can only be disabled.")
	case e.name == "StaticWebsite" && d.kind == Blob && d.version >= V2018_03_28:
		return d.refuseEnabled(e, "Static websites are not supported by this service; StaticWebsite can only be disabled.")
	default:
		return d.invalid(e.start, "Element '"+e.name+"' is not recognized.")
	}
	return err
}

// logging reads Logging: all five children, in any order.
func (d *propertiesDoc) logging(e *element) (l Logging, err error) {
	err = d.children(e, []string{"Version", "Delete", "Read", "Write", "RetentionPolicy"}, nil, func(c *element) (err error) {
		switch c.name {
		case "Version":
			if c.text != "1.0" && (c.text != "2.0" || d.kind == Table) {
				return d.invalid(c.end, "Element Version has an unexpected value '"+c.text+"'.")
			}
			l.Version = c.text
		case "Delete":
			l.Delete, err = d.boolean(c)
		case "Read":
			l.Read, err = d.boolean(c)
		case "Write":
			l.Write, err = d.boolean(c)
		case "RetentionPolicy":
			l.Retention, err = d.retention(c)
		}
		return err
	})
	return l, err
}

// metrics reads Metrics, HourMetrics or MinuteMetrics.
func (d *propertiesDoc) metrics(e *element) (m Metrics, err error) {
	apis := false
	err = d.children(e, []string{"Version", "Enabled", "RetentionPolicy"}, []string{"IncludeAPIs"}, func(c *element) (err error) {
		switch c.name {
		case "Version":
			if c.text != "1.0" {
				return d.invalid(c.end, "Element Version has an unexpected value '"+c.text+"'.")
			}
			m.Version = c.text
		case "Enabled":
			m.Enabled, err = d.boolean(c)
		case "IncludeAPIs":
			apis = true
			m.IncludeAPIs, err = d.boolean(c)
		case "RetentionPolicy":
			m.Retention, err = d.retention(c)
		}
		return err
	})
	if err == nil && m.Enabled && !apis {
		err = d.invalid(e.end, "Element IncludeAPIs is required when "+e.name+" is enabled.")
	}
	return m, err
}

// retention reads RetentionPolicy.
//
// Days with Enabled false is refused. One page of the documentation shows just
// that body for switching retention off; the service was seen to refuse it. A
// client that is refused here is told why and what to leave out; one that was
// accepted here would fail in the cloud, which is worse.
func (d *propertiesDoc) retention(e *element) (r RetentionPolicy, err error) {
	days := ""
	given := false
	err = d.children(e, []string{"Enabled"}, []string{"Days"}, func(c *element) (err error) {
		if c.name == "Days" {
			days, given = c.text, true
			return nil
		}
		r.Enabled, err = d.boolean(c)
		return err
	})
	if err != nil {
		return r, err
	}
	if !r.Enabled {
		if given {
			return r, d.invalid(e.end, "Element Days is only expected when RetentionPolicy is enabled.")
		}
		return r, nil
	}
	if !given {
		return r, d.invalid(e.end, "Element Days is required when RetentionPolicy is enabled.")
	}
	n, err := strconv.Atoi(days)
	if err != nil || n < 1 || n > 365 {
		return r, d.invalid(e.end, "Retention days must be greater than 0 and less than or equal to 365 days.")
	}
	r.Days = n
	return r, nil
}

// refuseEnabled takes an element whose feature does not exist here: disabled it
// says nothing new, enabled it is refused.
func (d *propertiesDoc) refuseEnabled(e *element, reason string) error {
	enabled := false
	err := d.children(e, []string{"Enabled"}, []string{"Days", "AllowPermanentDelete", "IndexDocument", "ErrorDocument404Path", "DefaultIndexDocumentPath"},
		func(c *element) (err error) {
			if c.name == "Enabled" {
				enabled, err = d.boolean(c)
			}
			return err
		})
	if err == nil && enabled {
		err = d.located(ErrUnsupportedXmlNode, e.start, reason)
	}
	return err
}

// children calls fn for each child of e, in order, after checking that it is
// expected and not there twice; then that none that must be is missing.
func (d *propertiesDoc) children(e *element, required, optional []string, fn func(*element) error) error {
	seen := make(map[string]bool, len(required)+len(optional))
	for _, c := range e.children {
		if !slices.Contains(required, c.name) && !slices.Contains(optional, c.name) {
			return d.invalid(c.start, "Element '"+c.name+"' is not recognized.")
		}
		if seen[c.name] {
			return d.invalid(c.start, "Element "+c.name+" is given more than once.")
		}
		seen[c.name] = true
		if err := fn(c); err != nil {
			return err
		}
	}
	for _, name := range required {
		if !seen[name] {
			return d.invalid(e.end, "Element "+name+" is required in "+e.name+".")
		}
	}
	return nil
}

// boolean reads true or false, with white space around it and in any case, as
// .NET does.
func (d *propertiesDoc) boolean(e *element) (bool, error) {
	switch strings.ToLower(e.text) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, d.invalid(e.end, "Element "+e.name+" must be true or false.")
}

// invalid is InvalidXmlDocument at an offset.
func (d *propertiesDoc) invalid(at int, reason string) error {
	return d.located(ErrInvalidXmlDocument, at, reason)
}

// badValue is InvalidXmlNodeValue for an element's text.
func (d *propertiesDoc) badValue(e *element, reason string) error {
	return ErrInvalidXmlNodeValue.With("XmlNodeName", e.name).With("XmlNodeValue", cut(e.text, 256)).With("Reason", reason)
}

func (d *propertiesDoc) located(e *Error, at int, reason string) error {
	line, column := position(d.doc, at)
	return e.With("LineNumber", strconv.Itoa(line)).With("LinePosition", strconv.Itoa(column)).With("Reason", reason)
}
