package testportal

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/richardlehane/mscfb"
	"github.com/xuri/excelize/v2"
)

// opens reads documents of each kind with a reader that did not make them.
var opens = map[doc]func(body []byte, number string) error{
	docPDF: openPDF, docDOCX: openDOCX, docXLSX: openXLSX, docMSG: openMSG, docZIP: openZIP, docPNG: openPNG,
}

func TestDocumentsOpen(t *testing.T) {
	t.Parallel()
	p := newPress(3)
	for d, open := range opens {
		for _, size := range []int{smallestFile, 40_001, largestFile} {
			t.Run(fmt.Sprintf("%s of %d", d, size), func(t *testing.T) {
				t.Parallel()
				body, _ := p.print(&file{id: size, order: "15262984", doc: d, size: size})
				if err := open(body, "15262984"); err != nil {
					t.Error(err)
				}
				if off, most := len(body)-size, 3000+size/100; off < -most || off > most {
					t.Errorf("%d bytes, want about %d", len(body), size)
				}
			})
		}
	}
}

// openPDF follows the cross-reference table, and asks pdftotext where there is
// one.
func openPDF(body []byte, number string) error {
	tail := regexp.MustCompile(`startxref\n(\d+)\n%%EOF\n$`).FindSubmatch(body)
	if !bytes.HasPrefix(body, []byte("%PDF-1.")) || tail == nil {
		return errors.New("no head or no tail")
	}
	at, _ := strconv.Atoi(string(tail[1]))
	entries := regexp.MustCompile(`(?m)^(\d{10}) 00000 n $`).FindAllSubmatch(body[at:], -1)
	for i, e := range entries {
		offset, _ := strconv.Atoi(string(e[1]))
		if want := fmt.Sprintf("%d 0 obj\n", i+1); !bytes.HasPrefix(body[offset:], []byte(want)) {
			return fmt.Errorf("object %d is not at %d", i+1, offset)
		}
	}
	if len(entries) != 8 {
		return fmt.Errorf("%d objects", len(entries))
	}
	tool, err := exec.LookPath("pdftotext")
	if err != nil {
		return nil
	}
	cmd := exec.Command(tool, "-", "-")
	cmd.Stdin = bytes.NewReader(body)
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("Purchase order "+number)) || bytes.Contains(out, []byte("Error")) {
		return fmt.Errorf("pdftotext: %w: %.200s", err, out)
	}
	return nil
}

func openDOCX(body []byte, number string) error {
	parts, err := unzip(body)
	if err != nil {
		return err
	}
	for name, part := range parts {
		if strings.HasSuffix(name, ".xml") || strings.HasSuffix(name, ".rels") {
			if err := wellFormed(part); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	if !bytes.Contains(parts["word/document.xml"], []byte("Purchase order "+number)) {
		return errors.New("the text is not there")
	}
	return openPNG(parts["word/media/image1.png"], number)
}

func wellFormed(part []byte) error {
	for dec := xml.NewDecoder(bytes.NewReader(part)); ; {
		if _, err := dec.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func openXLSX(body []byte, number string) error {
	f, err := excelize.OpenReader(bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer f.Close()
	cell, err := f.GetCellValue("Order", "A1")
	if err != nil || cell != "Purchase order "+number {
		return fmt.Errorf("A1 is %q: %w", cell, err)
	}
	pictures, err := f.GetPictures("Order", "C2")
	if err != nil || len(pictures) != 1 {
		return fmt.Errorf("%d pictures: %w", len(pictures), err)
	}
	return openPNG(pictures[0].File, number)
}

func openMSG(body []byte, number string) error {
	container, err := mscfb.New(bytes.NewReader(body))
	if err != nil {
		return err
	}
	streams := make(map[string][]byte)
	for e, err := container.Next(); !errors.Is(err, io.EOF); e, err = container.Next() {
		if err != nil {
			return err
		}
		data, err := io.ReadAll(e)
		if err != nil {
			return fmt.Errorf("%s: %w", e.Name, err)
		}
		streams[strings.Join(append(e.Path, e.Name), "/")] = data
	}
	if got := streams["__substg1.0_0037001F"]; !bytes.Equal(got, utf16LE("Purchase order "+number)) {
		return fmt.Errorf("the subject is %q", got)
	}
	return openPNG(streams["__attach_version1.0_#00000000/__substg1.0_37010102"], number)
}

func openZIP(body []byte, number string) error {
	parts, err := unzip(body)
	if err != nil {
		return err
	}
	return openPDF(parts["drawings/plan.pdf"], number)
}

func openPNG(body []byte, _ string) error {
	_, err := png.Decode(bytes.NewReader(body))
	return err
}

// unzip reads every entry, checksums included.
func unzip(body []byte) (map[string][]byte, error) {
	r, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		return nil, err
	}
	parts := make(map[string][]byte)
	for _, f := range r.File {
		part, err := f.Open()
		if err != nil {
			return nil, err
		}
		parts[f.Name], err = io.ReadAll(part)
		if err = errors.Join(err, part.Close()); err != nil {
			return nil, err
		}
	}
	return parts, nil
}

// TestFileKnowsThem asks file(1), where there is one, what the documents are.
func TestFileKnowsThem(t *testing.T) {
	t.Parallel()
	tool, err := exec.LookPath("file")
	if err != nil {
		t.Skip("file is not installed")
	}
	p := newPress(3)
	for d, want := range map[doc]string{
		docPDF: "PDF document", docDOCX: "Microsoft Word 2007+", docXLSX: "Microsoft Excel 2007+",
		docMSG: "Microsoft Outlook Message", docZIP: "Zip archive", docPNG: "PNG image",
	} {
		body, _ := p.print(&file{id: 1, order: "15262984", doc: d, size: 20_000})
		path := filepath.Join(t.TempDir(), "document")
		if err := os.WriteFile(path, body, 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(tool, "-b", path).Output()
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%s is %q, want %q (%v)", d, out, want, err)
		}
	}
}
