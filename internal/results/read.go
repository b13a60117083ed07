package results

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/poactor/poactor/po"
)

// ErrManifest is the error of a file that is not a manifest as WriteManifest
// writes it.
var ErrManifest = errors.New("not a manifest of poactor")

// ReadManifest reads a manifest: each order's folder and its files. The error
// is fs.ErrNotExist if there is none, ErrManifest with the line if somebody
// has changed it.
func ReadManifest(path string) (map[po.Key]po.Saved, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, fmt.Errorf("read manifest: %w", err)
	}
	defer f.Close()
	orders := make(map[po.Key]po.Saved)
	if err := read(f, orders); err != nil {
		return nil, fmt.Errorf("read manifest: %w", err)
	}
	return orders, nil
}

func read(r io.Reader, orders map[po.Key]po.Saved) error {
	br := bufio.NewReader(r)
	if mark, _ := br.Peek(len(bom)); string(mark) == bom {
		_, _ = br.Discard(len(bom))
	}
	in := csv.NewReader(br)
	in.FieldsPerRecord = len(header)
	in.ReuseRecord = true
	if names, err := in.Read(); err != nil || !slices.Equal(names, header[:]) {
		return fmt.Errorf("%w: its first line is another", ErrManifest)
	}
	for n := 2; ; n++ { // every record is one line
		cells, err := in.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = add(orders, cells)
		}
		if err != nil {
			return fmt.Errorf("%w: line %d: %w", ErrManifest, n, err)
		}
	}
}

// add takes a line into its order.
func add(orders map[po.Key]po.Saved, cells []string) error {
	key, folder, f, err := file(cells)
	if err != nil {
		return err
	}
	kept, known := orders[key]
	if known && kept.Folder != folder {
		return fmt.Errorf("order %s has two folders", key)
	}
	kept.Folder = folder
	kept.Files = append(kept.Files, f)
	orders[key] = kept
	return nil
}

// file reads the cells of a line.
func file(cells []string) (key po.Key, folder string, f po.File, err error) {
	var text [len(header)]string
	for i, cell := range cells {
		if text[i], err = unescape(cell); err != nil {
			return "", "", f, fmt.Errorf("%s: %w", header[i], err)
		}
	}
	f = po.File{
		ID:       cmp.Or(text[colID], text[colURL]),
		Original: text[colOriginal],
		SHA256:   text[colSHA256],
		URL:      text[colURL],
		Lane:     po.Lane(text[colLane]),
	}
	name := text[colPath]
	if !filepath.IsLocal(filepath.FromSlash(name)) || path.Clean(name) != name || name == "." {
		return "", "", f, errors.New("path: not a path in the output directory")
	}
	folder, f.Name = path.Split(name)
	if f.Bytes, err = strconv.ParseInt(text[colBytes], 10, 64); err != nil || f.Bytes < 0 {
		return "", "", f, errors.New("bytes: not a size")
	}
	f.Empty = f.Bytes == 0 // such a file is kept only if the portal announces it
	if sum, err := hex.DecodeString(f.SHA256); err != nil || len(sum) != sha256.Size {
		return "", "", f, errors.New("sha256: not 64 hexadecimal digits")
	}
	if f.Time, err = time.Parse(time.RFC3339Nano, text[colTime]); err != nil {
		return "", "", f, errors.New("time: not RFC 3339")
	}
	return po.Key(text[colKey]), strings.TrimSuffix(folder, "/"), f, nil
}
