package browser

import (
	"fmt"
	"os"
	"time"

	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/po"
)

// profileSizeEvery is how often a profile's size is looked at. A page can fill a disk
// by what it leaves there, and the browser's own bounds, see launch.ProfileGrowth, are
// not for everything: not for the local storage of ever new sites in frames.
const profileSizeEvery = 3 * time.Second

// watchProfileSize ends the browser where its profile has grown too much: a worker gets a
// fresh one.
func (s *Session) watchProfileSize() {
	tick := time.NewTicker(profileSizeEvery)
	defer tick.Stop()
	before := s.profileSize()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-tick.C:
		}
		if grown := s.profileSize() - before; grown > s.config.maxGrowth {
			s.fail(po.BrowserDied, fmt.Sprintf("its pages have put %d MB into the browser's profile, more than the %d that they may", grown>>20, s.config.maxGrowth>>20))
			return
		}
	}
}

// profileSize sums up the files of the profile, as far as they can be looked at: the
// browser makes and removes some meanwhile.
func (s *Session) profileSize() (bytes int64) {
	for _, dir := range []string{s.profile.Dir, s.profile.TempDir} {
		bytes += outdir.Size(os.DirFS(dir), ".")
	}
	return bytes
}
