package page

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
)

// Static serves the folder static of a file system under a prefix such as "/static/desk/". A browser keeps the files and
// asks only whether they changed.
func Static(prefix string, files fs.FS) (http.Handler, error) {
	sub, err := fs.Sub(files, "static")
	if err != nil {
		return nil, fmt.Errorf("serve files: %w", err)
	}
	tags := map[string]string{}
	err = fs.WalkDir(sub, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := fs.ReadFile(sub, name)
		sum := sha256.Sum256(raw)
		tags[name] = `"` + hex.EncodeToString(sum[:8]) + `"`
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("serve files: %w", err)
	}
	next := http.StripPrefix(prefix, http.FileServerFS(sub))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tag, ok := tags[path.Clean(r.URL.Path[len(prefix):])]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("ETag", tag)
		w.Header().Set("Cache-Control", "no-cache")
		next.ServeHTTP(w, r)
	}), nil
}
