package main

import "sync"

// gates hold tasks back until they are opened, so that a test decides in which order they end.
type gates struct {
	mutex  sync.Mutex
	byName map[string]chan struct{}
}

func newGates() *gates { return &gates{byName: map[string]chan struct{}{}} }

func (g *gates) gate(name string) chan struct{} {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	gate, ok := g.byName[name]
	if !ok {
		gate = make(chan struct{})
		g.byName[name] = gate
	}
	return gate
}

// hold is a task: it answers its value when the gate is open.
func (g *gates) hold(name string, value int64) (int64, error) {
	<-g.gate(name)
	return value, nil
}

// open lets the tasks at a gate pass, those that come later too.
func (g *gates) open(name string) { close(g.gate(name)) }
