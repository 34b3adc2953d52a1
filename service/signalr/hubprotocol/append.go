package hubprotocol

import (
	"strconv"
	"unicode/utf8"

	"github.com/tinylib/msgp/msgp"

	"reslog/service/signalr/payload"
)

// AppendInvocation appends an invocation. With an invocationID it asks for a result.
func AppendInvocation(b []byte, p payload.Protocol, target, invocationID string, args Arguments) (out []byte, err error) {
	if p == payload.JSON {
		b = appendType(b, Invocation)
		if invocationID != "" {
			b = appendMember(b, "invocationId", invocationID)
		}
		b = appendMember(b, "target", target)
		b = append(b, `,"arguments":`...)
		if b, err = args.Append(b, p); err != nil {
			return nil, err
		}
		return append(b, '}', separator), nil
	}
	b = appendFramed(b, func(b []byte) []byte {
		b = appendHead(b, 6, Invocation)
		b = appendNilString(b, invocationID)
		b = msgp.AppendString(b, target)
		var with []byte
		if with, err = args.Append(b, p); err != nil {
			return b
		}
		return msgp.AppendArrayHeader(with, 0) // no streams
	})
	if err != nil {
		return nil, err
	}
	return b, nil
}

// AppendStreamItem appends an item of a stream, encoded as p has it.
func AppendStreamItem(b []byte, p payload.Protocol, invocationID string, item []byte) []byte {
	if p == payload.JSON {
		b = appendMember(appendType(b, StreamItem), "invocationId", invocationID)
		b = append(append(b, `,"item":`...), item...)
		return append(b, '}', separator)
	}
	return appendFramed(b, func(b []byte) []byte {
		return append(msgp.AppendString(appendHead(b, 4, StreamItem), invocationID), item...)
	})
}

// AppendCompletion appends the result of an invocation, encoded as p has it; nil is that
// of a method which returns nothing.
func AppendCompletion(b []byte, p payload.Protocol, invocationID string, result []byte) []byte {
	if p == payload.JSON {
		b = appendMember(appendType(b, Completion), "invocationId", invocationID)
		if result != nil {
			b = append(append(b, `,"result":`...), result...)
		}
		return append(b, '}', separator)
	}
	return appendFramed(b, func(b []byte) []byte {
		if result == nil {
			return append(msgp.AppendString(appendHead(b, 4, Completion), invocationID), resultVoid)
		}
		b = append(msgp.AppendString(appendHead(b, 5, Completion), invocationID), resultValue)
		return append(b, result...)
	})
}

// AppendCompletionError appends the error that an invocation ended with.
func AppendCompletionError(b []byte, p payload.Protocol, invocationID, errText string) []byte {
	if p == payload.JSON {
		b = appendMember(appendType(b, Completion), "invocationId", invocationID)
		return append(appendMember(b, "error", errText), '}', separator)
	}
	return appendFramed(b, func(b []byte) []byte {
		b = append(msgp.AppendString(appendHead(b, 5, Completion), invocationID), resultError)
		return msgp.AppendString(b, errText)
	})
}

// AppendPing appends a ping.
func AppendPing(b []byte, p payload.Protocol) []byte {
	if p == payload.JSON {
		return append(appendType(b, Ping), '}', separator)
	}
	return append(b, 0x02, 0x91, byte(Ping))
}

// AppendClose appends what is said before a connection is closed: why, "" for no error,
// and whether the client may connect again by itself.
func AppendClose(b []byte, p payload.Protocol, errText string, allowReconnect bool) []byte {
	if p == payload.JSON {
		b = appendType(b, Close)
		if errText != "" {
			b = appendMember(b, "error", errText)
		}
		if allowReconnect {
			b = append(b, `,"allowReconnect":true`...)
		}
		return append(b, '}', separator)
	}
	return appendFramed(b, func(b []byte) []byte {
		b = append(msgp.AppendArrayHeader(b, 3), byte(Close))
		return msgp.AppendBool(appendNilString(b, errText), allowReconnect)
	})
}

// AppendAck appends the number of the last message that was received.
func AppendAck(b []byte, p payload.Protocol, sequenceID int64) []byte {
	return appendNumbered(b, p, Ack, sequenceID)
}

// AppendSequence appends the number of the message that follows.
func AppendSequence(b []byte, p payload.Protocol, sequenceID int64) []byte {
	return appendNumbered(b, p, Sequence, sequenceID)
}

func appendNumbered(b []byte, p payload.Protocol, t Type, sequenceID int64) []byte {
	if p == payload.JSON {
		b = append(appendType(b, t), `,"sequenceId":`...)
		return append(strconv.AppendInt(b, sequenceID, 10), '}', separator)
	}
	return appendFramed(b, func(b []byte) []byte {
		return appendInt(append(msgp.AppendArrayHeader(b, 2), byte(t)), sequenceID)
	})
}

// appendHead appends the beginning of a MessagePack message of n items: its type and
// no headers.
func appendHead(b []byte, n uint32, t Type) []byte {
	return msgp.AppendMapHeader(append(msgp.AppendArrayHeader(b, n), byte(t)), 0)
}

func appendNilString(b []byte, s string) []byte {
	if s == "" {
		return msgp.AppendNil(b)
	}
	return msgp.AppendString(b, s)
}

// appendType appends the beginning of a JSON message.
func appendType(b []byte, t Type) []byte {
	return strconv.AppendInt(append(b, `{"type":`...), int64(t), 10)
}

// appendMember appends a further member of a JSON message. Its name needs no escapes.
func appendMember(b []byte, name, value string) []byte {
	b = append(append(append(b, ',', '"'), name...), '"', ':')
	return quote(b, []byte(value))
}

// quote appends a JSON string. What is not UTF-8 becomes U+FFFD.
func quote(b, s []byte) []byte {
	const digits = "0123456789abcdef"
	b = append(b, '"')
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < 0x20:
			b = append(b, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		case c < utf8.RuneSelf:
			b = append(b, c)
		default:
			r, size := utf8.DecodeRune(s[i:])
			b = utf8.AppendRune(b, r)
			i += size
			continue
		}
		i++
	}
	return append(b, '"')
}
