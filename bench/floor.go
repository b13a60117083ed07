package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/poactor/poactor/internal/testportal"
)

// floor fetches every order with n plain HTTP clients that know the portal's
// calls: the page, the list, then all its files at once. It renders nothing,
// looks for no signs and writes nothing to the disk. No browser can be faster.
func floor(ctx context.Context, p *testportal.Portal, n int, list listOf) (result, error) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16 * n}}
	defer client.CloseIdleConnections()
	jar, err := cookiejar.New(nil)
	if err != nil {
		return result{}, err
	}
	site, err := url.Parse(p.URL())
	if err != nil {
		return result{}, err
	}
	jar.SetCookies(site, []*http.Cookie{p.SessionCookie()})
	client.Jar = jar
	begun := time.Now()
	numbers := make(chan string)
	group, ctx := errgroup.WithContext(ctx)
	var mu sync.Mutex
	var ends []time.Time
	for range n {
		group.Go(func() error {
			for number := range numbers {
				if err := fetchOrder(ctx, client, p.URL(), number, list); err != nil {
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
	err = group.Wait()
	r := result{orders: len(ends), wall: time.Since(begun)}
	r.steady = rate(ends)
	return r, err
}

// listed is one file of an order's list. One with a token is asked for by a form.
type listed struct{ Path, Token string }

// listOf gets an order's list; page is what its page, at an address, has.
type listOf func(ctx context.Context, client *http.Client, address string, page []byte) ([]listed, error)

// listByCall asks for the list as the page's script does.
func listByCall(ctx context.Context, client *http.Client, address string, _ []byte) ([]listed, error) {
	body, err := fetch(ctx, client, address+"/attachments.json", nil)
	if err != nil {
		return nil, err
	}
	var list struct{ Attachments []listed }
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, fmt.Errorf("list at %s: %w", address, err)
	}
	return list.Attachments, nil
}

// file is an address of a file in a page, with the token of its form where it has one.
var file = regexp.MustCompile(`"(/attachments/[^"]+)"` +
	`(?:><input type="hidden" name="authenticity_token" value="([^"]+)")?`)

// listInPage takes the list from the page.
func listInPage(_ context.Context, _ *http.Client, _ string, page []byte) ([]listed, error) {
	var list []listed
	seen := map[string]bool{}
	for _, m := range file.FindAllSubmatch(page, -1) {
		if path := html.UnescapeString(string(m[1])); !seen[path] {
			seen[path] = true
			list = append(list, listed{path, html.UnescapeString(string(m[2]))})
		}
	}
	return list, nil
}

// fetchOrder gets one order.
func fetchOrder(ctx context.Context, client *http.Client, base, number string, list listOf) error {
	address := base + "/order_headers/" + number
	page, err := fetch(ctx, client, address, nil)
	if err != nil {
		return err
	}
	files, err := list(ctx, client, address, page)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("%s lists no files", address)
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, f := range files {
		var form url.Values
		if f.Token != "" {
			form = url.Values{"authenticity_token": {f.Token}}
		}
		group.Go(func() error {
			_, err := fetch(ctx, client, base+f.Path, form)
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
