package main

import "time"

// tick sends what is due, and says when to come again.
func (c *camera) tick(now time.Time) time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for {
		u, due, captured := c.cursor.next()
		if due.After(now) {
			if earliest := now.Add(idle); len(c.readers) == 0 && earliest.After(due) {
				return earliest
			}
			return due
		}
		c.cursor.step()
		c.send(u, captured, now)
	}
}

// send is one frame to all readers, and sender reports to those whose turn it is.
func (c *camera) send(u *unit, captured, now time.Time) {
	drifted, shown := c.clock.read(captured)
	stamp := c.base + ticks(captured.Add(drifted).Sub(c.origin), c.rate) + c.faults.jump
	if !c.faults.stalled {
		c.frames++
		c.sendPicture(u, c.stamp(stamp), shown)
	}
	for r := range c.readers {
		if now.Sub(r.reported) >= reportPeriod {
			r.reported = now
			r.report(stamp, shown)
		}
	}
}

func (c *camera) sendPicture(u *unit, stamp uint32, shown time.Time) {
	if len(c.readers) == 0 {
		c.sequence += u.picture.numbers
		return
	}
	p, sei, whole := c.faults.compose(u, c.cursor.source.video)
	for r := range c.readers {
		if r.send(p, stamps{sequence: c.sequence, time: stamp}) {
			c.sent++
		} else {
			c.dropped++
			whole = false
		}
	}
	c.sequence += p.numbers
	c.record.add(sentPicture{stamp, shown, u, sei, whole})
}

// stamp is what the frame says: the true time stamp, or the last one again.
func (c *camera) stamp(trueStamp uint32) uint32 {
	if c.faults.repeat > 0 {
		c.faults.repeat--
		return c.last
	}
	c.last = trueStamp
	return trueStamp
}

// ticks converts without overflow; the result wraps as RTP time stamps do.
func ticks(d time.Duration, rate int) uint32 {
	r := time.Duration(rate)
	return uint32(d/time.Second*r + d%time.Second*r/time.Second)
}
