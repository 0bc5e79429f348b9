package graph

import "unicode/utf8"

// widths are those of the characters from space to tilde in hundredths of the font size. They are of DejaVu Sans, the
// widest of the fonts that a drawing may be shown in.
var widths = [...]uint8{32, 41, 46, 84, 64, 96, 78, 28, 40, 40, 50, 84, 32, 37, 32, 34,
	64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 34, 34, 84, 84, 84, 54,
	100, 69, 69, 70, 78, 64, 58, 78, 76, 30, 30, 66, 56, 87, 75, 79,
	61, 79, 70, 64, 62, 74, 69, 99, 69, 62, 69, 40, 34, 40, 84, 50,
	50, 62, 64, 55, 64, 62, 36, 64, 64, 28, 28, 58, 28, 98, 64, 62,
	64, 64, 42, 53, 40, 64, 60, 82, 60, 60, 53, 64, 34, 64, 84}

// The sizes of what is written, and how much wider bold letters are.
const (
	bodySize  = 12.0
	nameSize  = 13.0
	placeSize = 10.0
	bold      = 1.12
)

// textWidth is how wide text is at most.
func textWidth(text string, size float64) float64 {
	sum := 0
	for _, r := range text {
		switch {
		case r >= ' ' && int(r-' ') < len(widths):
			sum += int(widths[r-' '])
		case r < 0x1100:
			sum += 80
		default: // as wide as high, from here on
			sum += 110
		}
	}
	return float64(sum) * size / 100
}

// fit is text, cut to width if it is wider.
func fit(text string, size, width float64) string {
	if textWidth(text, size) <= width+0.01 { // which may have been computed from it
		return text
	}
	for text != "" && textWidth(text+"…", size) > width {
		_, last := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-last]
	}
	return text + "…"
}
