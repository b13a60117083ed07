package testportal

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"
	"strings"
	"unicode/utf16"
)

// Compound File Binary, version 3, as [MS-CFB] has it: the container of
// Outlook's messages.
const (
	sectorSize     = 512
	miniSectorSize = 64
	miniCutoff     = 4096 // shorter streams live in the mini stream
	headerFATs     = 109  // FAT sectors that the header can name: files to 6.8 MB
	perFAT         = sectorSize / 4

	endOfChain = 0xfffffffe
	freeSector = 0xffffffff
	fatSector  = 0xfffffffd
	noEntry    = 0xffffffff

	typeStorage, typeStream, typeRoot = 1, 2, 5
)

// node is a storage, with children, or a stream, with data.
type node struct {
	name     string
	kind     byte
	class    [16]byte
	data     []byte
	children []*node

	id, left, right, child uint32
	start                  uint32
	size                   uint32
	red                    bool
}

func storage(name string, children ...*node) *node {
	return &node{name: name, kind: typeStorage, children: children}
}

func stream(name string, data []byte) *node { return &node{name: name, kind: typeStream, data: data} }

// compound lays a tree out as a file. It holds at most 6.8 MB.
func compound(root *node) []byte {
	root.kind, root.name = typeRoot, "Root Entry"
	nodes := number(nil, root)
	var sectors, mini []byte
	var fat, miniFAT []uint32
	for _, n := range nodes {
		switch {
		case n.kind != typeStream:
		case len(n.data) == 0:
			n.start = endOfChain
		case len(n.data) < miniCutoff:
			n.start, n.size = uint32(len(miniFAT)), uint32(len(n.data))
			mini, miniFAT = appendChain(mini, miniFAT, n.data, miniSectorSize)
		default:
			n.start, n.size = uint32(len(fat)), uint32(len(n.data))
			sectors, fat = appendChain(sectors, fat, n.data, sectorSize)
		}
	}
	root.start, root.size = uint32(len(fat)), uint32(len(mini))
	sectors, fat = appendChain(sectors, fat, mini, sectorSize)
	miniStart := uint32(len(fat))
	miniTable := tableBytes(miniFAT)
	sectors, fat = appendChain(sectors, fat, miniTable, sectorSize)
	dirStart := uint32(len(fat))
	sectors, fat = appendChain(sectors, fat, directory(nodes), sectorSize)

	fatStart, fats := uint32(len(fat)), 1
	for fats*perFAT < len(fat)+fats {
		fats++
	}
	for range fats {
		fat = append(fat, fatSector)
	}
	out := header(dirStart, miniStart, uint32(len(miniTable)/sectorSize), fatStart, fats)
	return append(append(out, sectors...), tableBytes(fat)...)
}

// number gives the nodes their places in the directory and ties the children of
// each storage into a red-black tree.
func number(nodes []*node, n *node) []*node {
	n.id = uint32(len(nodes))
	n.left, n.right, n.child = noEntry, noEntry, noEntry
	nodes = append(nodes, n)
	for _, c := range n.children {
		nodes = number(nodes, c)
	}
	slices.SortFunc(n.children, func(a, b *node) int {
		return cmp.Or(cmp.Compare(len(a.name), len(b.name)), cmp.Compare(strings.ToUpper(a.name), strings.ToUpper(b.name)))
	})
	n.child = tie(n.children, bits.Len(uint(len(n.children))))
	if len(n.children) > 0 {
		n.children[len(n.children)/2].red = false // the root of the tree
	}
	return nodes
}

// tie makes a balanced tree of sorted nodes and returns its root. All levels but the
// last are full, so that colouring the last one red makes it a red-black tree.
func tie(sorted []*node, levels int) uint32 {
	if len(sorted) == 0 {
		return noEntry
	}
	middle := len(sorted) / 2
	n := sorted[middle]
	n.red = levels == 1 && len(sorted) == 1
	n.left, n.right = tie(sorted[:middle], levels-1), tie(sorted[middle+1:], levels-1)
	return n.id
}

// appendChain appends data in whole sectors and its chain to the table.
func appendChain(sectors []byte, table []uint32, data []byte, size int) ([]byte, []uint32) {
	if len(data) == 0 {
		return sectors, table
	}
	sectors = append(sectors, data...)
	count := (len(data) + size - 1) / size
	sectors = append(sectors, make([]byte, count*size-len(data))...)
	for range count - 1 {
		table = append(table, uint32(len(table)+1))
	}
	return sectors, append(table, endOfChain)
}

// tableBytes is a table in whole sectors.
func tableBytes(table []uint32) []byte {
	var b []byte
	for _, v := range table {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	for len(b)%sectorSize != 0 {
		b = binary.LittleEndian.AppendUint32(b, freeSector)
	}
	return b
}

// directory has an entry of 128 bytes for each node, in whole sectors.
func directory(nodes []*node) []byte {
	le := binary.LittleEndian
	var b []byte
	for _, n := range nodes {
		e := make([]byte, 128)
		for i, u := range utf16.Encode([]rune(n.name)) {
			le.PutUint16(e[2*i:], u)
		}
		le.PutUint16(e[64:], uint16(2*len(n.name)+2))
		e[66] = n.kind
		if !n.red {
			e[67] = 1
		}
		for i, v := range []uint32{n.left, n.right, n.child} {
			le.PutUint32(e[68+4*i:], v)
		}
		copy(e[80:], n.class[:])
		le.PutUint32(e[116:], n.start)
		le.PutUint32(e[120:], n.size)
		b = append(b, e...)
	}
	for len(b)%sectorSize != 0 {
		e := make([]byte, 128)
		for i := range 3 {
			le.PutUint32(e[68+4*i:], noEntry)
		}
		b = append(b, e...)
	}
	return b
}

func header(dirStart, miniStart, miniSectors, fatStart uint32, fats int) []byte {
	le := binary.LittleEndian
	h := make([]byte, sectorSize)
	copy(h, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
	le.PutUint16(h[24:], 0x3e)   // minor version
	le.PutUint16(h[26:], 3)      // major version
	le.PutUint16(h[28:], 0xfffe) // byte order
	le.PutUint16(h[30:], 9)      // sectors of 2^9 bytes
	le.PutUint16(h[32:], 6)      // mini sectors of 2^6 bytes
	le.PutUint32(h[44:], uint32(fats))
	le.PutUint32(h[48:], dirStart)
	le.PutUint32(h[56:], miniCutoff)
	le.PutUint32(h[60:], miniStart)
	le.PutUint32(h[64:], miniSectors)
	le.PutUint32(h[68:], endOfChain) // no further sectors that list FATs
	for i := range headerFATs {
		v := uint32(freeSector)
		if i < fats {
			v = fatStart + uint32(i)
		}
		le.PutUint32(h[76+4*i:], v)
	}
	return h
}
