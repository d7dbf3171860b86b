// Twins of the programs in actors.lua that Go has a like for: goroutines and channels. `actors NAME COUNT`.
package main

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"time"
)

func timed(f func()) float64 {
	begun := time.Now()
	f()
	return float64(time.Since(begun).Nanoseconds())
}

func resident() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		panic(err)
	}
	for _, line := range strings.Split(string(status), "\n") {
		if strings.HasPrefix(line, "VmRSS:") {
			kilobytes, err := strconv.ParseFloat(strings.Fields(line)[1], 64)
			if err != nil {
				panic(err)
			}
			return kilobytes * 1024
		}
	}
	panic("no resident size")
}

func waiters(n int) {
	never := make(chan int)
	for i := 0; i < n; i++ {
		go func() { <-never }()
	}
}

func echo(there, back chan int) {
	for n := range there {
		back <- n
	}
}

func roundTrips(n int) float64 {
	there, back := make(chan int), make(chan int)
	go echo(there, back)
	return timed(func() {
		for i := 0; i < n; i++ {
			there <- i
			<-back
		}
	})
}

func ring(n int) float64 {
	done, first := make(chan bool), make(chan int)
	next := first
	for i := 1; i < 1000; i++ {
		in := make(chan int)
		go link(in, next, done)
		next = in
	}
	go link(first, next, done)
	return timed(func() {
		first <- n
		<-done
	})
}

func link(in, out chan int, done chan bool) {
	for n := range in {
		if n == 0 {
			done <- true
		} else {
			out <- n - 1
		}
	}
}

func tree(depth int, parent chan int) {
	if depth == 0 {
		parent <- 1
		return
	}
	own, sum := make(chan int), 0
	for i := 0; i < 10; i++ {
		go tree(depth-1, own)
	}
	for i := 0; i < 10; i++ {
		sum += <-own
	}
	parent <- sum
}

type record struct {
	id    int
	name  string
	score float64
	tags  []string
}

func copied(records []record) []record {
	all := make([]record, len(records))
	for i, one := range records {
		all[i] = record{one.id, strings.Clone(one.name), one.score, append([]string(nil), one.tags...)}
	}
	return all
}

// Isolated processes copy what they send, so this does, too.
func tableMessage(n int) float64 {
	records := make([]record, 100)
	for i := range records {
		records[i] = record{i, "name " + strconv.Itoa(i), float64(i) * 0.5, []string{"a", "b"}}
	}
	there, back := make(chan []record), make(chan []record)
	go func() {
		for records := range there {
			back <- copied(records)
		}
	}()
	return timed(func() {
		for i := 0; i < n; i++ {
			there <- copied(records)
			<-back
		}
	})
}

func delay(n int) float64 {
	for i := 0; i < 8; i++ {
		go func() {
			for {
			}
		}()
	}
	begun := time.Now()
	ticks := time.NewTicker(time.Millisecond)
	var late []float64
	for due := 1; due <= n; {
		<-ticks.C
		since := time.Since(begun)
		for {
			late = append(late, float64((since - time.Duration(due)*time.Millisecond).Nanoseconds())/1000)
			due++
			if time.Duration(due)*time.Millisecond > since {
				break
			}
		}
	}
	sort.Float64s(late)
	return late[int(math.Ceil(float64(len(late))*0.999))-1]
}

func main() {
	name := os.Args[1]
	n, err := strconv.Atoi(os.Args[2])
	if err != nil {
		panic(err)
	}
	each := func(nanoseconds float64) float64 { return nanoseconds / float64(n) }
	var cost float64
	switch name {
	case "idle":
		runtime.GC()
		before := resident()
		waiters(n)
		time.Sleep(200 * time.Millisecond)
		cost = (resident() - before) / float64(n)
	case "spawn":
		cost = each(timed(func() { waiters(n) }))
	case "churn":
		ended := make(chan bool)
		cost = each(timed(func() {
			for i := 0; i < n; i++ {
				go func() { ended <- true }()
				<-ended
			}
		}))
	case "ping_pong", "channel":
		cost = each(roundTrips(n))
	case "ring":
		cost = each(ring(n))
	case "fan_in":
		sink := make(chan int)
		cost = each(timed(func() {
			for i := 0; i < 100; i++ {
				go func() {
					for i := 0; i < n/100; i++ {
						sink <- i
					}
				}()
			}
			for i := 0; i < n/100*100; i++ {
				<-sink
			}
		}))
	case "tree":
		depth := int(math.Log10(float64(n)) + 1e-9)
		all := (math.Pow10(depth+1) - 1) / 9
		root := make(chan int)
		cost = timed(func() {
			go tree(depth, root)
			<-root
		}) / all
	case "table_message":
		cost = each(tableMessage(n))
	case "buffered":
		pipe := make(chan int, 128)
		cost = each(timed(func() {
			go func() {
				for i := 0; i < n; i++ {
					pipe <- i
				}
				close(pipe)
			}()
			for range pipe {
			}
		}))
	case "select":
		a, b, c, d := make(chan int), make(chan int), make(chan int), make(chan int)
		for _, pipe := range []chan int{a, b, c, d} {
			go func(pipe chan int) {
				for i := 0; i < n/4; i++ {
					pipe <- i
				}
			}(pipe)
		}
		sum := 0
		cost = each(timed(func() {
			for i := 0; i < n/4*4; i++ {
				select {
				case value := <-a:
					sum += value
				case value := <-b:
					sum += value
				case value := <-c:
					sum += value
				case value := <-d:
					sum += value
				}
			}
		}))
	case "delay":
		cost = delay(n)
	default:
		panic("unknown program " + name)
	}
	fmt.Printf("%.1f\n", cost)
}
