package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// everyCamera in place of a path means all of cam/*, and not the paths that serve something else.
const everyCamera = "*"

// faults are what can be done to a camera, by name; the value is read by `loss` and `skew` only.
//
//	stall, resume   sends nothing, the connection stays; sends again where the clip is by then
//	drop            ends every reader's connection once; they may come back at once
//	off, on         ends them and answers 404; answers again
//	hang, unhang    leaves new requests without an answer, for a minute at most; answers again
//	loss            loses so many of 1,000 packets
//	skew            puts the camera's clock ahead by so many milliseconds, in sender reports
var faults = map[string]func(c *camera, value int64) error{
	"stall":  func(c *camera, _ int64) error { c.stalled.Store(true); return nil },
	"resume": func(c *camera, _ int64) error { c.stalled.Store(false); return nil },
	"drop":   drop,
	"off":    func(c *camera, _ int64) error { c.close(); return nil },
	"on":     turnOn,
	"hang":   hang,
	"unhang": unhang,
	"loss":   func(c *camera, value int64) error { c.lossPermill.Store(value); return nil },
	"skew": func(c *camera, value int64) error {
		c.skew.Store(value * int64(time.Millisecond))
		return nil
	},
}

// drop leaves a camera that is off as it is.
func drop(c *camera, _ int64) error {
	if c.stream == nil {
		return nil
	}
	c.close()
	return c.open()
}

func turnOn(c *camera, _ int64) error {
	if c.stream != nil {
		return nil
	}
	return c.open()
}

func hang(c *camera, _ int64) error {
	if c.unhung == nil {
		c.unhung = make(chan struct{})
	}
	return nil
}

func unhang(c *camera, _ int64) error {
	if c.unhung != nil {
		close(c.unhung)
		c.unhung = nil
	}
	return nil
}

// controlHandler serves POST /control?camera=cam/0001&op=stall&value=0 and GET /stats.
func controlHandler(s *server) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /control", s.control)
	mux.HandleFunc("GET /stats", s.stats)
	return mux
}

func (s *server) control(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	fault, known := faults[query.Get("op")]
	if !known {
		http.Error(w, fmt.Sprintf("there is no op %q: use stall, resume, drop, off, on, hang, unhang, loss or skew", query.Get("op")), http.StatusBadRequest)
		return
	}
	value, err := strconv.ParseInt(query.Get("value"), 10, 64)
	if err != nil {
		http.Error(w, fmt.Sprintf("value %q is not a whole number", query.Get("value")), http.StatusBadRequest)
		return
	}
	chosen := s.choose(query.Get("camera"))
	if len(chosen) == 0 {
		http.Error(w, fmt.Sprintf("there is no camera %q: use a path of /stats, or %s for all", query.Get("camera"), everyCamera), http.StatusNotFound)
		return
	}
	for _, c := range chosen {
		if err := c.suffer(fault, value); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *server) choose(name string) []*camera {
	if c := s.cameras[name]; c != nil {
		return []*camera{c}
	}
	var chosen []*camera
	for path, c := range s.cameras {
		if name == everyCamera && strings.HasPrefix(path, "cam/") {
			chosen = append(chosen, c)
		}
	}
	return chosen
}

func (c *camera) suffer(fault func(*camera, int64) error, value int64) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return fault(c, value)
}

// figures are a camera's counters; frames counts those sent or that would have been, were there a reader.
type figures struct {
	Readers int64 `json:"readers"`
	Frames  int64 `json:"frames"`
}

func (s *server) stats(w http.ResponseWriter, _ *http.Request) {
	all := make(map[string]figures, len(s.cameras))
	for path, c := range s.cameras {
		all[path] = figures{Readers: c.readers.Load(), Frames: c.frames.Load()}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(all) // a reader that went away needs no answer
}
