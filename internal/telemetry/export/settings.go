package export

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

// These are the names and meanings of
// https://opentelemetry.io/docs/specs/otel/protocol/exporter/.
const (
	prefix          = "OTEL_EXPORTER_OTLP_"
	defaultEndpoint = "http://localhost:4318"
	defaultTimeout  = 10 * time.Second
	protocol        = "http/protobuf"
)

// settings say where spans go, and how.
type settings struct {
	endpoint string
	headers  http.Header
	timeout  time.Duration // of a batch, further tries included
	gzip     bool
	tls      *tls.Config // nil: as usual
}

// readSettings reads the usual variables of the environment. wanted is false where they
// ask for no traces. An error names the variable and never its value, which may be secret.
func readSettings(env func(string) (string, bool)) (s settings, wanted bool, err error) {
	get := func(name string) string { text, _ := env(name); return strings.TrimSpace(text) }
	of := func(name string) (text, variable string) {
		for _, variable := range []string{prefix + "TRACES_" + name, prefix + name} {
			if text := get(variable); text != "" {
				return text, variable
			}
		}
		return "", ""
	}
	endpoint, from := of("ENDPOINT")
	switch exporter := get("OTEL_TRACES_EXPORTER"); {
	case strings.EqualFold(get("OTEL_SDK_DISABLED"), "true"), exporter == "none", exporter == "" && endpoint == "":
		return s, false, nil
	case exporter != "" && exporter != "otlp":
		return s, false, fmt.Errorf("OTEL_TRACES_EXPORTER is neither otlp nor none")
	}
	if text, variable := of("PROTOCOL"); text != "" && text != protocol {
		return s, false, fmt.Errorf("%s is not %s, and nothing else is spoken", variable, protocol)
	}
	if s.endpoint, err = parseEndpoint(endpoint, from); err != nil {
		return s, false, err
	}
	if text, variable := of("HEADERS"); text != "" {
		if s.headers, err = parseHeaders(text); err != nil {
			return s, false, fmt.Errorf("%s: %w", variable, err)
		}
	}
	s.timeout = defaultTimeout
	if text, variable := of("TIMEOUT"); text != "" {
		ms, err := strconv.ParseUint(text, 10, 31)
		if err != nil || ms == 0 {
			return s, false, fmt.Errorf("%s is no number of milliseconds", variable)
		}
		s.timeout = time.Duration(ms) * time.Millisecond
	}
	switch text, variable := of("COMPRESSION"); text {
	case "", "none":
	case "gzip":
		s.gzip = true
	default:
		return s, false, fmt.Errorf("%s is neither gzip nor none", variable)
	}
	s.tls, err = readTLS(of)
	return s, err == nil, err
}

// parseEndpoint makes the address that spans are sent to. That for all signals is a base.
func parseEndpoint(text, variable string) (string, error) {
	if text == "" {
		text = defaultEndpoint
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", fmt.Errorf("%s is no address like %s", variable, defaultEndpoint)
	}
	if variable != prefix+"TRACES_ENDPOINT" {
		u = u.JoinPath("v1", "traces")
	}
	return u.String(), nil
}

// parseHeaders reads "name=value,name=value", whose values are percent-encoded.
func parseHeaders(text string) (http.Header, error) {
	headers := http.Header{}
	for i, pair := range strings.Split(text, ",") {
		name, value, ok := strings.Cut(pair, "=")
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if name = strings.TrimSpace(name); !ok || name == "" || err != nil {
			return nil, fmt.Errorf("entry %d is not name=value", i+1)
		}
		headers.Set(name, value)
	}
	return headers, nil
}

// readTLS reads whom to trust, and how to say who we are; nil where nothing is said.
func readTLS(of func(name string) (text, variable string)) (*tls.Config, error) {
	trusted, trustedBy := of("CERTIFICATE")
	certificate, certificateBy := of("CLIENT_CERTIFICATE")
	key, _ := of("CLIENT_KEY")
	if trusted == "" && certificate == "" {
		return nil, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if trusted != "" {
		text, err := os.ReadFile(trusted)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", trustedBy, err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("%s: the file has no certificate", trustedBy)
		}
	}
	if certificate != "" {
		pair, err := tls.LoadX509KeyPair(certificate, key)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", certificateBy, err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}
