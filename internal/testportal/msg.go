package testportal

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf16"
)

// Property tags of [MS-OXPROPS]; the last four digits are the type, 001f is
// a Unicode string, 0102 bytes, 0003 a number.
const (
	tagClass      = 0x001a001f
	tagSubject    = 0x0037001f
	tagSender     = 0x0c1a001f
	tagBody       = 0x1000001f
	tagEncoding   = 0x340d0003 // "store support mask"
	unicodeStore  = 0x00040000
	tagAttachData = 0x37010102
	tagAttachName = 0x3707001f
	tagAttachHow  = 0x37050003
	attachByValue = 1
)

// msg makes an Outlook message, as [MS-OXMSG] has it, with a picture attached.
func msg(text []string, picture []byte) []byte {
	attachment := storage("__attach_version1.0_#00000000", properties(8, []property{
		{tag: tagAttachData, data: picture},
		{tag: tagAttachName, data: unicode("scan.png")},
		{tag: tagAttachHow, number: attachByValue},
	})...)
	names := storage("__nameid_version1.0", stream("__substg1.0_00020102", nil), stream("__substg1.0_00030102", nil), stream("__substg1.0_00040102", nil))
	message := properties(32, []property{
		{tag: tagClass, data: unicode("IPM.Note")},
		{tag: tagSubject, data: unicode(text[0])},
		{tag: tagSender, data: unicode("A. Keller")},
		{tag: tagBody, data: unicode(strings.Join(text, "\r\n"))},
		{tag: tagEncoding, number: unicodeStore},
	})
	head := message[0].data
	binary.LittleEndian.PutUint32(head[12:], 1) // id of the next attachment
	binary.LittleEndian.PutUint32(head[20:], 1) // attachments
	root := storage("", append(message, names, attachment)...)
	root.class = [16]byte{0x0b, 0x0d, 0x02, 0x00, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46} // of Outlook's messages
	return compound(root)
}

// property has data, or if that is nil a number.
type property struct {
	tag    uint32
	number uint32
	data   []byte
}

// properties makes the stream that lists properties, after a header of so many
// bytes, and the streams of those that have data. The list is the first.
func properties(header int, all []property) []*node {
	le := binary.LittleEndian
	list := make([]byte, header)
	nodes := []*node{nil}
	for _, p := range all {
		size := p.number
		if p.data != nil {
			size = uint32(len(p.data))
			nodes = append(nodes, stream(fmt.Sprintf("__substg1.0_%08X", p.tag), p.data))
			if p.tag&0xffff == 0x001f {
				size += 2 // the zero at the end, which is counted and not written
			}
		}
		list = le.AppendUint32(list, p.tag)
		list = le.AppendUint32(list, 6) // readable and writable
		list = le.AppendUint32(list, size)
		list = le.AppendUint32(list, 0)
	}
	nodes[0] = stream("__properties_version1.0", list)
	return nodes
}

// unicode is text in UTF-16.
func unicode(text string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(text)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}
