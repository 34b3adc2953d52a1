package payload

import (
	"bytes"
	"sync"
	"sync/atomic"
	"testing"
)

func TestOf(t *testing.T) {
	p := Of(map[Protocol][]byte{JSON: []byte("j"), "future": []byte("f")})
	if string(p.Frame(JSON)) != "j" || p.Frame(MessagePack) != nil {
		t.Errorf("%q, %q", p.Frame(JSON), p.Frame(MessagePack))
	}
	if p.Frame("future") != nil || p.Frame("") != nil {
		t.Error("there is a frame of a protocol that is not known")
	}
}

// Each frame is made when it is first asked for, and once, whoever asks.
func TestNewIsLazy(t *testing.T) {
	var made [2]atomic.Int64
	p := New(func(protocol Protocol) []byte {
		if protocol == JSON {
			made[0].Add(1)
			return []byte("j")
		}
		made[1].Add(1)
		return nil
	})
	if made[0].Load()+made[1].Load() != 0 {
		t.Fatal("a frame is made before anybody asks")
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				if !bytes.Equal(p.Frame(JSON), []byte("j")) {
					t.Error("another frame")
				}
			}
		})
	}
	wg.Wait()
	if made[0].Load() != 1 || made[1].Load() != 0 {
		t.Errorf("made %d and %d times", made[0].Load(), made[1].Load())
	}
	for range 2 {
		if p.Frame(MessagePack) != nil {
			t.Error("a frame of what cannot be encoded")
		}
	}
	if made[1].Load() != 1 {
		t.Errorf("tried %d times", made[1].Load())
	}
}
