package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

const (
	// everyCamera in place of a path means all of cam/*, and not the paths that serve something else.
	everyCamera    = "*"
	longestRequest = 1 << 12
)

// controlHandler serves
//
//	POST /control?camera=cam/0001&op=stall&value=0
//	POST /credential               user:password as the body: what new sessions need; those that play go on
//	GET  /stats                    each path's counters
//	GET  /sent?camera=cam/0001&last=100    what was sent of the last pictures
func controlHandler(s *server) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /control", s.control)
	mux.HandleFunc("POST /credential", s.changeCredential)
	mux.HandleFunc("GET /stats", s.stats)
	mux.HandleFunc("GET /sent", s.sent)
	return mux
}

func (s *server) control(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	do, known := ops[query.Get("op")]
	if !known {
		names := strings.Join(slices.Sorted(maps.Keys(ops)), ", ")
		http.Error(w, fmt.Sprintf("there is no op %q: use one of %s", query.Get("op"), names), http.StatusBadRequest)
		return
	}
	value, err := strconv.ParseInt(query.Get("value"), 10, 64)
	if err != nil {
		http.Error(w, fmt.Sprintf("value %q is not a whole number", query.Get("value")), http.StatusBadRequest)
		return
	}
	chosen, err := s.choose(query.Get("camera"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	for _, c := range chosen {
		if err := c.suffer(do, value); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *server) choose(name string) ([]*camera, error) {
	if c := s.cameras[name]; c != nil {
		return []*camera{c}, nil
	}
	var chosen []*camera
	for path, c := range s.cameras {
		if name == everyCamera && strings.HasPrefix(path, "cam/") {
			chosen = append(chosen, c)
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("there is no camera %q: use a path of /stats, or %s for all", name, everyCamera)
	}
	return chosen, nil
}

func (c *camera) suffer(do op, value int64) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return do(c, value)
}

func (s *server) changeCredential(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, longestRequest))
	if err == nil {
		err = s.setCredential(string(body))
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// figures are a camera's counters: frames counts those sent or that would have been, were there a reader; sent and
// dropped count a frame once for each reader.
type figures struct {
	Readers int   `json:"readers"`
	Frames  int64 `json:"frames"`
	Sent    int64 `json:"sent"`
	Dropped int64 `json:"dropped"`
}

func (s *server) stats(w http.ResponseWriter, _ *http.Request) {
	all := make(map[string]figures, len(s.cameras))
	for path, c := range s.cameras {
		c.mutex.Lock()
		all[path] = figures{len(c.readers), c.frames, c.sent, c.dropped}
		c.mutex.Unlock()
	}
	answer(w, all)
}

func (s *server) sent(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	last, err := strconv.Atoi(query.Get("last"))
	c := s.cameras[query.Get("camera")]
	if c == nil || err != nil || last < 1 {
		http.Error(w, errors.Join(err, fmt.Errorf("name a camera of /stats and how many of its last pictures, up to %d", remembered)).Error(), http.StatusBadRequest)
		return
	}
	c.mutex.Lock()
	pictures := c.record.last(last)
	c.mutex.Unlock()
	entries := make([]sentEntry, len(pictures))
	for i := range pictures {
		entries[i] = pictures[i].entry()
	}
	answer(w, entries)
}

func answer(w http.ResponseWriter, what any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(what) // a reader that went away needs no answer
}
