package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/poactor/poactor/internal/testportal"
)

// floor fetches every order with n plain HTTP clients that know the portal's
// calls: the page, the list, then all its files at once. It renders nothing,
// looks for no signs and writes nothing to the disk. No browser can be faster.
func floor(ctx context.Context, p *testportal.Portal, n int) (result, error) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16 * n}}
	defer client.CloseIdleConnections()
	begun := time.Now()
	numbers := make(chan string)
	group, ctx := errgroup.WithContext(ctx)
	var mu sync.Mutex
	var ends []time.Time
	for range n {
		group.Go(func() error {
			for number := range numbers {
				if err := fetchOrder(ctx, client, p.URL(), number); err != nil {
					return err
				}
				mu.Lock()
				ends = append(ends, time.Now())
				mu.Unlock()
			}
			return nil
		})
	}
	group.Go(func() error {
		defer close(numbers)
		for _, o := range p.Truth() {
			select {
			case numbers <- strings.TrimLeft(o.Number, "POM"):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	err := group.Wait()
	r := result{orders: len(ends), wall: time.Since(begun)}
	r.steady = rate(ends)
	return r, err
}

// fetchOrder gets one order.
func fetchOrder(ctx context.Context, client *http.Client, base, number string) error {
	page := base + "/order_headers/" + number
	if _, err := fetch(ctx, client, page, nil); err != nil {
		return err
	}
	body, err := fetch(ctx, client, page+"/attachments.json", nil)
	if err != nil {
		return err
	}
	var list struct {
		Attachments []struct{ Path, Token string }
	}
	if err := json.Unmarshal(body, &list); err != nil {
		return fmt.Errorf("list of %s: %w", number, err)
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, a := range list.Attachments {
		var form url.Values
		if a.Token != "" {
			form = url.Values{"authenticity_token": {a.Token}}
		}
		group.Go(func() error {
			_, err := fetch(ctx, client, base+a.Path, form)
			return err
		})
	}
	return group.Wait()
}

func fetch(ctx context.Context, client *http.Client, address string, form url.Values) ([]byte, error) {
	method, body := http.MethodGet, io.Reader(nil)
	if form != nil {
		method, body = http.MethodPost, strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, err
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(res.Body); err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", address, res.Status)
	}
	return b.Bytes(), nil
}

// rate is orders a minute between the first end and the last.
func rate(ends []time.Time) float64 {
	if len(ends) < 2 {
		return 0
	}
	first, last := ends[0], ends[0]
	for _, t := range ends {
		if t.Before(first) {
			first = t
		}
		if t.After(last) {
			last = t
		}
	}
	return float64(len(ends)-1) / last.Sub(first).Minutes()
}
