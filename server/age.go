package server

import (
	"math/rand/v2"
	"time"
)

// limitAge has the connection drain when it is as old as it may be: between 90 %
// and 110 % of MaxAge, counted from its accept.
func (c *Conn) limitAge() {
	most := c.srv.limits.age
	if most == never {
		return
	}
	most += rand.N(most/5+1) - most/10
	c.age = time.AfterFunc(c.began+most-c.srv.now(), c.wire.wake)
}
