package report

import (
	"bytes"
	"encoding/base64"
	"errors"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"golang.org/x/image/draw"

	"github.com/poactor/poactor/internal/outdir"
)

// Bounds of the pictures in a page; beyond them it only has links.
const (
	thumbnailWidth  = 360
	thumbnailHeight = 225
	maxThumbnails   = 6 << 20  // bytes of all data: URLs
	maxScreenshot   = 20 << 20 // bytes of a file
	maxPixels       = 40e6     // of a picture
)

// thumbnails makes small pictures of the screenshots in the evidence, and remembers them
// for the next page.
type thumbnails struct {
	made map[string]string // by folder; empty: there is a picture, and none can be made of it
	size int               // of all
}

// fill gives a page its pictures.
func (t *thumbnails) fill(p *page, state *os.Root) {
	for folder, small := range p.folders {
		if p.Pictures[folder] {
			continue
		}
		name, ok := screenshot(folder)
		if !ok {
			continue
		}
		if info, err := state.Lstat(name); err != nil || !info.Mode().IsRegular() || info.Size() > maxScreenshot {
			continue
		}
		p.Pictures[folder] = true
		url, known := t.made[folder]
		if !known && small && t.size < maxThumbnails {
			url, _ = thumbnail(state, name) // else the link is enough
			t.made[folder], t.size = url, t.size+len(url)
		}
		if url != "" {
			p.Thumbnails[folder] = url
		}
	}
}

// screenshot is where the picture of a folder is, in the state directory.
func screenshot(folder string) (string, bool) {
	below, ok := strings.CutPrefix(folder, outdir.StateDir+"/"+outdir.EvidenceDir+"/")
	if !ok || !fs.ValidPath(below) {
		return "", false
	}
	return path.Join(outdir.EvidenceDir, below, "page.png"), true
}

// thumbnail makes a small picture of a file: as a data: URL.
func thumbnail(state *os.Root, name string) (string, error) {
	file, err := state.Open(name)
	if err != nil {
		return "", err
	}
	defer file.Close()
	size, err := png.DecodeConfig(file)
	if err != nil {
		return "", err
	}
	if size.Width < 1 || size.Height < 1 || float64(size.Width)*float64(size.Height) > maxPixels {
		return "", errors.New("picture of an odd size")
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	full, err := png.Decode(io.LimitReader(file, maxScreenshot))
	if err != nil {
		return "", err
	}
	var small bytes.Buffer
	if err := jpeg.Encode(&small, shrink(full), &jpeg.Options{Quality: 72}); err != nil {
		return "", err
	}
	return "data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(small.Bytes()), nil
}

// shrink is the upper part of a picture, at the width of a thumbnail.
func shrink(full image.Image) image.Image {
	b := full.Bounds()
	b.Max.Y = min(b.Max.Y, b.Min.Y+max(1, b.Dx()*thumbnailHeight/thumbnailWidth))
	height := max(1, b.Dy()*thumbnailWidth/b.Dx())
	// In two steps it takes a third of the time that CatmullRom takes, and looks nearly alike.
	half := image.NewRGBA(image.Rect(0, 0, 2*thumbnailWidth, 2*height))
	draw.ApproxBiLinear.Scale(half, half.Bounds(), full, b, draw.Src, nil)
	small := image.NewRGBA(image.Rect(0, 0, thumbnailWidth, height))
	draw.BiLinear.Scale(small, small.Bounds(), half, half.Bounds(), draw.Src, nil)
	return small
}
