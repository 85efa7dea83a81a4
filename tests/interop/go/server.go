package main

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/RichardKnop/machinery/v2"
	amqpbackend "github.com/RichardKnop/machinery/v2/backends/amqp"
	backends "github.com/RichardKnop/machinery/v2/backends/iface"
	redisbackend "github.com/RichardKnop/machinery/v2/backends/redis"
	amqpbroker "github.com/RichardKnop/machinery/v2/brokers/amqp"
	brokers "github.com/RichardKnop/machinery/v2/brokers/iface"
	redisbroker "github.com/RichardKnop/machinery/v2/brokers/redis"
	"github.com/RichardKnop/machinery/v2/config"
	eagerlock "github.com/RichardKnop/machinery/v2/locks/eager"
	locks "github.com/RichardKnop/machinery/v2/locks/iface"
	redislock "github.com/RichardKnop/machinery/v2/locks/redis"
)

const (
	resultsExpireInSeconds = 3600
	delayedPollMs          = 20
	lockRetries            = 3
	prefetchCount          = 50
)

// settings say where messages, states and locks are.
type settings struct {
	broker, backend, lock string
	client                string
	queue                 string
	exchange              string
	exchangeType          string
	bindingKey            string
	delayedKey            string
	runLog                string
}

// newServer makes a server with all tasks. One is needed for each worker, since a worker that quits stops the broker of
// its server for good.
func newServer(settings settings, queue string, tasks map[string]interface{}) (*machinery.Server, error) {
	cnf := &config.Config{
		Broker:          settings.broker,
		ResultBackend:   settings.backend,
		DefaultQueue:    queue,
		ResultsExpireIn: resultsExpireInSeconds,
		NoUnixSignals:   true,
		Redis: &config.RedisConfig{
			MaxIdle:                10,
			IdleTimeout:            300,
			ReadTimeout:            15,
			WriteTimeout:           15,
			ConnectTimeout:         15,
			NormalTasksPollPeriod:  1000,
			DelayedTasksPollPeriod: delayedPollMs,
			DelayedTasksKey:        settings.delayedKey,
		},
		AMQP: &config.AMQPConfig{
			Exchange:      settings.exchange,
			ExchangeType:  settings.exchangeType,
			BindingKey:    settings.bindingKey,
			PrefetchCount: prefetchCount,
		},
	}
	// With two names, the library strands what is sent before a worker runs.
	if settings.bindingKey == "" {
		cnf.AMQP.BindingKey = queue
	}
	broker, err := newBroker(settings, cnf)
	if err != nil {
		return nil, err
	}
	backend, err := newBackend(settings, cnf)
	if err != nil {
		return nil, err
	}
	lock, err := newLock(settings, cnf)
	if err != nil {
		return nil, err
	}
	server := machinery.NewServer(cnf, broker, backend, lock)
	return server, server.RegisterTasks(tasks)
}

func newBroker(settings settings, cnf *config.Config) (brokers.Broker, error) {
	if isAMQP(settings.broker) {
		return amqpbroker.New(cnf), nil
	}
	at, err := parseRedisURL(settings.broker)
	if err != nil {
		return nil, err
	}
	if settings.client == "go-redis" {
		return redisbroker.NewGR(cnf, []string{at.address}, at.db), nil
	}
	return redisbroker.New(cnf, at.host, at.username, at.password, "", at.db), nil
}

func newBackend(settings settings, cnf *config.Config) (backends.Backend, error) {
	if isAMQP(settings.backend) {
		return amqpbackend.New(cnf), nil
	}
	at, err := parseRedisURL(settings.backend)
	if err != nil {
		return nil, err
	}
	if settings.client == "go-redis" {
		return redisbackend.NewGR(cnf, []string{at.address}, at.db), nil
	}
	return redisbackend.New(cnf, at.host, at.username, at.password, "", at.db), nil
}

func newLock(settings settings, cnf *config.Config) (locks.Lock, error) {
	if settings.lock == "" {
		return eagerlock.New(), nil
	}
	at, err := parseRedisURL(settings.lock)
	if err != nil {
		return nil, err
	}
	return redislock.New(cnf, []string{at.address}, at.db, lockRetries), nil
}

func isAMQP(address string) bool {
	return strings.HasPrefix(address, "amqp://") || strings.HasPrefix(address, "amqps://")
}

// redisAddress is a Redis server in the forms that its two clients want.
type redisAddress struct {
	host, username, password string
	// address has the credentials before the host, as the constructors for go-redis want it.
	address string
	db      int
}

func parseRedisURL(text string) (redisAddress, error) {
	parsed, err := url.Parse(text)
	if err != nil {
		return redisAddress{}, err
	}
	if parsed.Scheme != "redis" {
		return redisAddress{}, fmt.Errorf("scheme %q has no driver here; redis and amqp are right", parsed.Scheme)
	}
	at := redisAddress{host: parsed.Host, address: parsed.Host}
	if parsed.User != nil {
		at.username = parsed.User.Username()
		at.password, _ = parsed.User.Password()
		at.address = at.username + ":" + at.password + "@" + parsed.Host
	}
	if path := strings.Trim(parsed.Path, "/"); path != "" {
		if at.db, err = strconv.Atoi(path); err != nil {
			return redisAddress{}, fmt.Errorf("database %q: %w", path, err)
		}
	}
	return at, nil
}
