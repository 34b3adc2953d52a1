package scalar

import "sync"

// maxCompiled is how many patterns are kept: more than a query has.
const maxCompiled = 256

// compiled keeps what is made out of texts, most of them the same for every row;
// of a text that is wrong, too, what make says of it. Texts may come from data:
// when most are kept, and there is another, all are forgotten.
type compiled[T any] struct {
	make func(text string) T
	most int

	mu   sync.RWMutex
	kept map[string]T
}

func (c *compiled[T]) get(text string) T {
	c.mu.RLock()
	made, ok := c.kept[text]
	c.mu.RUnlock()
	if ok {
		return made
	}
	made = c.make(text)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept == nil || len(c.kept) >= c.most {
		c.kept = make(map[string]T)
	}
	c.kept[text] = made
	return made
}
