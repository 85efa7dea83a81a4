package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"sync/atomic"
	"time"

	"github.com/RichardKnop/machinery/v2/tasks"
)

const longestWork = 20 * time.Millisecond

// runLog tells what happens, a line for each event, in a file that processes of several languages append to.
type runLog struct {
	path string
	file *os.File
	runs atomic.Int64
}

type runEvent struct {
	Kind    string `json:"kind"`
	UUID    string `json:"uuid"`
	PID     int    `json:"pid"`
	Attempt int    `json:"attempt"`
	Fence   string `json:"fence"`
}

func openRunLog(path string) (*runLog, error) {
	opened := &runLog{path: path}
	if path == "" {
		return opened, nil
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o644)
	opened.file = file
	return opened, err
}

func (l *runLog) write(event runEvent) error {
	if l.file == nil {
		return fmt.Errorf("there is no run log: %q", l.path)
	}
	line, err := json.Marshal(event)
	if err != nil {
		return err
	}
	_, err = l.file.Write(append(line, '\n'))
	return err
}

// work is a task: it takes a while, tells when it begins and ends, and answers the name of its run.
func (l *runLog) work(ctx context.Context, _ int64) (string, error) {
	event := runEvent{
		Kind:    "started",
		UUID:    tasks.SignatureFromContext(ctx).UUID,
		PID:     os.Getpid(),
		Attempt: 1,
		Fence:   fmt.Sprintf("go-%d-%d", os.Getpid(), l.runs.Add(1)),
	}
	if err := l.write(event); err != nil {
		return "", err
	}
	time.Sleep(time.Duration(rand.Int63n(int64(longestWork))))
	event.Kind = "ended"
	return event.Fence, l.write(event)
}
