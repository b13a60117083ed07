package browser

import "github.com/poactor/poactor/internal/browser/launch"

// Error is why a browser could not be found, started or used, in one line for
// the user.
type Error = launch.Error
