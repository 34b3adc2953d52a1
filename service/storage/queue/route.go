package queue

import (
	"net/http"
	"strings"

	"reslog/service/storage"
)

// Route finds the operation of a request from its method, path and query. The
// logs name the queue and not the message: the Call is changed to say so.
func (s *Service) Route(c *storage.Call) (*storage.Operation, error) {
	comp := c.Query.Get("comp")
	if comp != "" {
		comp = strings.ToLower(comp)
	}
	if c.Container == "" {
		return s.routeAccount(c, comp)
	}
	if err := storage.CheckName(c.Container); err != nil {
		return nil, err
	}
	if v := c.Query.Get("restype"); v != "" {
		return nil, storage.InvalidQuery("restype", v, "A queue has no resource type.")
	}
	if c.Name == "" {
		return s.routeQueue(c, comp)
	}
	if n := len("/") + len(c.Account.Name) + len("/") + len(c.Container); n < len(c.ObjectKey) {
		c.ObjectKey = c.ObjectKey[:n]
	}
	collection, id, _ := strings.Cut(c.Name, "/")
	switch {
	case collection != messagesSegment, strings.Contains(id, "/"):
		return nil, storage.ErrInvalidUri
	case comp != "":
		return nil, storage.InvalidQuery("comp", comp, "Messages have no components.")
	case id == "":
		return s.routeMessages(c)
	}
	return s.routeMessage(c, id)
}

// messagesSegment is the part of a path between a queue and a message.
const messagesSegment = "messages"

func (s *Service) routeAccount(c *storage.Call, comp string) (*storage.Operation, error) {
	restype := strings.ToLower(c.Query.Get("restype"))
	switch restype + "/" + comp {
	case "/list":
		return c.OnMethod(http.MethodGet, s.ops.listQueues)
	case "service/properties":
		return c.ByMethod(s.ops.getServiceProperties, s.ops.setServiceProperties, nil)
	case "service/stats":
		return c.OnMethod(http.MethodGet, s.ops.serviceStats)
	case "service/userdelegationkey":
		return c.OnMethod(http.MethodPost, s.ops.userDelegationKey)
	case "/":
		return nil, storage.ErrInvalidUri
	}
	return nil, storage.InvalidQuery("comp", comp, "The queue service has no such component.")
}

func (s *Service) routeQueue(c *storage.Call, comp string) (*storage.Operation, error) {
	o := &s.ops
	switch comp {
	case "":
		return c.ByMethod(nil, o.createQueue, o.deleteQueue)
	case "metadata":
		return c.ByMethod(o.getQueueMetadata, o.setQueueMetadata, nil)
	case "acl":
		if c.Version >= storage.V2012_02_12 {
			return c.ByMethod(o.getQueueACL, o.setQueueACL, nil)
		}
	}
	return nil, storage.InvalidQuery("comp", comp, "A queue has no such component in this version.")
}

// routeMessages routes what concerns no single message. The names in the logs
// tell a request for one from a request for more.
func (s *Service) routeMessages(c *storage.Call) (*storage.Operation, error) {
	o := &s.ops
	switch c.Request.Method {
	case http.MethodPost:
		return o.putMessage, nil
	case http.MethodDelete:
		return o.clearMessages, nil
	case http.MethodGet:
	default:
		return nil, storage.ErrUnsupportedHttpVerb
	}
	n := c.Query.Get("numofmessages")
	one := n == "" || n == "1"
	switch peek := c.Query.Get("peekonly"); {
	case peek == "" || strings.EqualFold(peek, "false"):
		return either(one, o.getMessage, o.getMessages), nil
	case strings.EqualFold(peek, "true"):
		return either(one, o.peekMessage, o.peekMessages), nil
	default:
		return nil, storage.InvalidQuery("peekonly", peek, "It is true or false.")
	}
}

// routeMessage routes what concerns one message, whose ID becomes the Call's Name.
// Update Message came with version 2011-08-18.
func (s *Service) routeMessage(c *storage.Call, id string) (*storage.Operation, error) {
	c.Name = id
	if c.Request.Method == http.MethodPut && c.Version >= storage.V2011_08_18 {
		return s.ops.updateMessage, nil
	}
	return c.OnMethod(http.MethodDelete, s.ops.deleteMessage)
}

func either(first bool, a, b *storage.Operation) *storage.Operation {
	if first {
		return a
	}
	return b
}
