package main

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/RichardKnop/machinery/v2"
	"github.com/RichardKnop/machinery/v2/backends/result"
	"github.com/RichardKnop/machinery/v2/tasks"
	"github.com/RichardKnop/machinery/v2/utils"
)

const pollResults = 5 * time.Millisecond

// request has the fields of all operations; each uses some of them.
type request struct {
	Queue           string `json:"queue"`
	Concurrency     int    `json:"concurrency"`
	Signature       spec   `json:"signature"`
	Signatures      []spec `json:"signatures"`
	Callback        spec   `json:"callback"`
	SendConcurrency int    `json:"sendConcurrency"`
	UUID            string `json:"uuid"`
	TimeoutMs       int64  `json:"timeoutMs"`
	GroupUUID       string `json:"groupUuid"`
	Count           int    `json:"count"`
	Name            string `json:"name"`
	DelayedKey      string `json:"delayedKey"`
	Cron            string `json:"cron"`
	Key             string `json:"key"`
	UntilNs         int64  `json:"untilNs"`
}

// sent names what was sent.
type sent struct {
	GroupUUID string   `json:"groupUuid"`
	UUIDs     []string `json:"uuids"`
	Callback  string   `json:"callback"`
}

// program is a process of Go Machinery: producers, and any number of workers.
type program struct {
	settings settings
	gates    *gates
	runLog   *runLog

	mutex     sync.Mutex
	producers map[string]*machinery.Server
}

func newProgram(settings settings, runLog *runLog) *program {
	return &program{settings: settings, gates: newGates(), runLog: runLog, producers: map[string]*machinery.Server{}}
}

// producer is the server that sends, one for each key of delayed tasks.
func (p *program) producer(delayedKey string) (*machinery.Server, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if known, ok := p.producers[delayedKey]; ok {
		return known, nil
	}
	made, err := p.server(p.settings.queue, delayedKey)
	if err == nil {
		p.producers[delayedKey] = made
	}
	return made, err
}

func (p *program) server(queue, delayedKey string) (*machinery.Server, error) {
	settings := p.settings
	if delayedKey != "" {
		settings.delayedKey = delayedKey
	}
	return newServer(settings, queue, taskFuncs(p.gates, p.runLog))
}

// do carries out one operation.
func (p *program) do(op string, line []byte) (interface{}, error) {
	var req request
	if err := json.Unmarshal(line, &req); err != nil {
		return nil, err
	}
	producer, err := p.producer(req.DelayedKey)
	if err != nil {
		return nil, err
	}
	switch op {
	case "version":
		return machineryVersion()
	case "work":
		return nil, p.work(req)
	case "open":
		p.gates.open(req.Name)
		return nil, nil
	case "send":
		return send(producer, req.Signature)
	case "chain":
		return sendChain(producer, req)
	case "group":
		return sendGroup(producer, req)
	case "chord":
		return sendChord(producer, req)
	case "produce":
		return nil, produce(producer, p.runLog, req)
	case "result":
		return resultOf(producer, req)
	case "state":
		return producer.GetBackend().GetState(req.UUID)
	case "groupCompleted":
		return producer.GetBackend().GroupCompleted(req.GroupUUID, req.Count)
	case "groupStates":
		return producer.GetBackend().GroupTaskStates(req.GroupUUID, req.Count)
	case "pending":
		return producer.GetBroker().GetPendingTasks(req.Queue)
	case "delayed":
		return producer.GetBroker().GetDelayedTasks()
	case "periodic":
		return nil, sendPeriodically(producer, req)
	case "lockName":
		return utils.GetLockName(req.Name, req.Cron), nil
	case "lock":
		return nil, p.lock(producer, req)
	default:
		return nil, fmt.Errorf("there is no operation %q", op)
	}
}

// work starts a worker that works until the program ends.
func (p *program) work(req request) error {
	server, err := p.server(req.Queue, req.DelayedKey)
	if err != nil {
		return err
	}
	server.NewWorker("interop", req.Concurrency).LaunchAsync(make(chan error, 1))
	return nil
}

func (p *program) lock(server *machinery.Server, req request) error {
	lock, err := newLock(p.settings, server.GetConfig())
	if err != nil {
		return err
	}
	return lock.LockWithRetries(req.Key, req.UntilNs)
}

func sendPeriodically(server *machinery.Server, req request) error {
	signature, err := req.Signature.signature()
	if err != nil {
		return err
	}
	// The scheduler copies the signature for each tick: with a UUID of its own, all ticks would be one task.
	signature.UUID = ""
	return server.RegisterPeriodicTask(req.Cron, req.Name, signature)
}

func send(server *machinery.Server, s spec) (*sent, error) {
	signature, err := s.signature()
	if err != nil {
		return nil, err
	}
	if _, err = server.SendTask(signature); err != nil {
		return nil, err
	}
	return &sent{UUIDs: []string{signature.UUID}}, nil
}

func sendChain(server *machinery.Server, req request) (*sent, error) {
	made, err := signatures(req.Signatures)
	if err != nil {
		return nil, err
	}
	chain, err := tasks.NewChain(made...)
	if err != nil {
		return nil, err
	}
	if _, err = server.SendChain(chain); err != nil {
		return nil, err
	}
	return &sent{UUIDs: uuids(chain.Tasks)}, nil
}

func sendGroup(server *machinery.Server, req request) (*sent, error) {
	group, err := newGroup(req)
	if err != nil {
		return nil, err
	}
	if _, err = server.SendGroup(group, req.SendConcurrency); err != nil {
		return nil, err
	}
	return &sent{GroupUUID: group.GroupUUID, UUIDs: uuids(group.Tasks)}, nil
}

func sendChord(server *machinery.Server, req request) (*sent, error) {
	group, err := newGroup(req)
	if err != nil {
		return nil, err
	}
	callback, err := req.Callback.signature()
	if err != nil {
		return nil, err
	}
	chord, err := tasks.NewChord(group, callback)
	if err != nil {
		return nil, err
	}
	if _, err = server.SendChord(chord, req.SendConcurrency); err != nil {
		return nil, err
	}
	return &sent{GroupUUID: group.GroupUUID, UUIDs: uuids(group.Tasks), Callback: callback.UUID}, nil
}

// newGroup makes a group; with a given UUID it is the same in every run.
func newGroup(req request) (*tasks.Group, error) {
	made, err := signatures(req.Signatures)
	if err != nil {
		return nil, err
	}
	group, err := tasks.NewGroup(made...)
	if err != nil || req.GroupUUID == "" {
		return group, err
	}
	group.GroupUUID = req.GroupUUID
	for _, signature := range made {
		signature.GroupUUID = req.GroupUUID
	}
	return group, nil
}

func uuids(signatures []*tasks.Signature) []string {
	all := make([]string, len(signatures))
	for i, signature := range signatures {
		all[i] = signature.UUID
	}
	return all
}

// produce sends many tasks and tells so before and after each.
func produce(server *machinery.Server, runLog *runLog, req request) error {
	for i := 0; i < req.Count; i++ {
		signature, err := req.Signature.signature()
		if err != nil {
			return err
		}
		if err := runLog.write(runEvent{Kind: "attempted", UUID: signature.UUID}); err != nil {
			return err
		}
		if _, err := server.SendTask(signature); err != nil {
			return err
		}
		if err := runLog.write(runEvent{Kind: "acknowledged", UUID: signature.UUID}); err != nil {
			return err
		}
	}
	return nil
}

func resultOf(server *machinery.Server, req request) ([]wireArg, error) {
	waiting := result.NewAsyncResult(&tasks.Signature{UUID: req.UUID}, server.GetBackend())
	values, err := waiting.GetWithTimeout(time.Duration(req.TimeoutMs)*time.Millisecond, pollResults)
	if err != nil {
		return nil, err
	}
	return wireValues(values)
}
