package xlsx

import "testing"

// TestManySharedStrings: empty texts count, as a few MB of a workbook can hold a
// thousand million of them.
func TestManySharedStrings(t *testing.T) {
	t.Parallel()
	const most = maxSharedBytes / stringOverhead
	all := &sharedStrings{chunks: [][]byte{nil}, places: [][]stringPlace{nil}, count: most - 1}
	if !all.add(nil) || all.add(nil) {
		t.Error("empty texts have another bound")
	}
	// Long ones count as the chunks that they need.
	all = &sharedStrings{}
	n := 0
	for all.add(make([]byte, chunkBytes/2+1)) {
		n++
	}
	if most := maxSharedBytes / chunkBytes; n < most-1 || n > most {
		t.Errorf("%d texts of half a chunk, of which %d fit", n, most)
	}
}

// Passes that follow each other have the same strings.
func TestSharedStringsAreReadOnce(t *testing.T) {
	t.Parallel()
	a, err := openArchive(openFile(t, list("1").SharedStrings(`<si><t>a</t></si>`).Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	var shared sharedStringsCache
	first, err := shared.read(a, "xl/sharedStrings.xml")
	if err != nil || first.at(0) != "a" {
		t.Fatal(first, err)
	}
	if again, err := shared.read(a, "xl/sharedStrings.xml"); err != nil || again != first {
		t.Errorf("read again: %p, not %p; %v", again, first, err)
	}
}
