package trial

import (
	"encoding/xml"
	"io"
	"strings"
)

// Failed is how many tests failed.
func (r *Report) Failed() (n int) {
	for _, result := range r.Results {
		if result.Failure != nil {
			n++
		}
	}
	return n
}

type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Time     float64     `xml:"time,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	File    string        `xml:"file,attr"`
	Line    int           `xml:"line,attr"`
	Time    float64       `xml:"time,attr"`
	Failure *junitFailure `xml:"failure"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",cdata"`
}

// JUnit writes the results in the form that build servers read: JUnit's XML, one suite; times are in seconds.
func (r *Report) JUnit(w io.Writer) error {
	suite := junitSuite{Name: "zorpgo test", Tests: len(r.Results), Failures: r.Failed()}
	for _, result := range r.Results {
		c := junitCase{Class: result.Pos.File, Name: result.Name, File: result.Pos.File, Line: result.Pos.Line, Time: result.Took.Seconds()}
		if f := result.Failure; f != nil {
			c.Failure = &junitFailure{Message: f.Message, Text: f.Pos.String() + ": " + f.Message + "\n" + strings.Join(result.Lines, "\n")}
		}
		suite.Time += c.Time
		suite.Cases = append(suite.Cases, c)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	out := xml.NewEncoder(w)
	out.Indent("", "  ")
	if err := out.Encode(suite); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}
