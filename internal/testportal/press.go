package testportal

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"math/rand/v2"
	"sync"
)

// doc is a kind of document, named as its extension.
type doc string

const (
	docPDF  doc = "pdf"
	docDOCX doc = "docx"
	docXLSX doc = "xlsx"
	docMSG  doc = "msg"
	docZIP  doc = "zip"
	docPNG  doc = "png"
)

var docs = [...]doc{docPDF, docPDF, docPDF, docDOCX, docXLSX, docMSG, docZIP, docPNG} // PDF is the most common

// mediaType is the Content-Type of a document.
func (d doc) mediaType() string {
	return map[doc]string{
		docPDF:  "application/pdf",
		docDOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
		docXLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
		docMSG:  "application/vnd.ms-outlook",
		docZIP:  "application/zip",
		docPNG:  "image/png",
	}[d]
}

// press makes the portal's documents. They get their size from a picture that
// looks like a scanned page; it is put together from ready lines of text,
// which costs little more than copying.
type press struct {
	seed  uint64
	lines func() []byte
}

const (
	scanWidth  = 640 // pixels of one byte each
	lineHeight = 24
	lineBytes  = scanWidth * lineHeight
	lineCount  = 48 // different ready lines
)

func newPress(seed uint64) *press {
	return &press{seed: seed, lines: sync.OnceValue(func() []byte { return inkLines(rand.New(rand.NewPCG(seed, 0x696e6b))) })}
}

// print returns a file's bytes and their SHA-256. They follow from the seed
// and the file's number, name and size, and are kept once made.
func (p *press) print(f *file) (body []byte, sum string) {
	f.once.Do(func() {
		if f.size > 0 {
			f.body = p.document(f)
		}
		h := sha256.Sum256(f.body)
		f.sum = hex.EncodeToString(h[:])
	})
	return f.body, f.sum
}

func (p *press) document(f *file) []byte {
	rng := rand.New(rand.NewPCG(p.seed, uint64(f.id)))
	text := []string{
		"Purchase order " + f.order,
		fmt.Sprintf("Attachment %d", f.id),
		fmt.Sprintf("Total amount %d.%02d EUR", 100+rng.IntN(90000), rng.IntN(100)),
	}
	switch f.doc {
	case docDOCX:
		return docx(text, p.png(f.size-1800, rng))
	case docXLSX:
		return xlsx(text, p.png(f.size-2600, rng))
	case docMSG:
		return msg(f.order, f.id, p.scan(f.size-len(sampleMSG), rng).Pix)
	case docZIP:
		return bundle(text, pdf(text, p.scan(f.size-1500, rng)))
	case docPNG:
		return p.png(f.size, rng)
	default:
		return pdf(text, p.scan(f.size-1100, rng))
	}
}

// png returns a picture of about that many bytes.
func (p *press) png(size int, rng *rand.Rand) []byte { return encodePNG(p.scan(size-200, rng)) }

// scan returns a picture of a page of text with about that many pixels.
func (p *press) scan(pixels int, rng *rand.Rand) *image.Gray {
	lines := p.lines()
	img := image.NewGray(image.Rect(0, 0, scanWidth, max(1, pixels/scanWidth)))
	for rest := img.Pix; len(rest) > 0; {
		n := copy(rest, lines[rng.IntN(lineCount)*lineBytes:][:lineBytes])
		rest = rest[n:]
	}
	return img
}

// inkLines draws lines of text as a scanner sees them: grainy paper, dark words.
func inkLines(rng *rand.Rand) []byte {
	pix := make([]byte, lineCount*lineBytes)
	for i := range pix {
		pix[i] = 0xe0 | byte(rng.Uint32()&0x1f)
	}
	for line := range lineCount {
		for x := 40; x < scanWidth-60; {
			word := 12 + rng.IntN(60)
			for y := 8; y < 17; y++ {
				row := pix[line*lineBytes+y*scanWidth:]
				for i := x; i < min(x+word, scanWidth-40); i++ {
					if (i*7+y*3)%5 != 0 && i%8 != 7 {
						row[i] = 0x20 | row[i]&0x1f
					}
				}
			}
			x += word + 8
		}
	}
	return pix
}
