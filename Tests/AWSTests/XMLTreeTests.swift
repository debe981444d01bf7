import Provider
import Testing

@Suite struct `An answer in XML` {
    private func parse(_ text: String) throws -> XMLTree { try XMLTree.parse(Array(text.utf8)) }

    @Test func `is read as elements with their text`() throws {
        let tree = try parse(
            """
            \u{FEFF}<?xml version="1.0" encoding="UTF-8"?>
            <!-- a word > before -->
            <ec2:R xmlns:ec2='http://ec2/>' a = "b">
              <set><item><id> i-1 </id><empty/><none></none></item><item><id>i-2</id></item></set>
              <text>a &lt;b&gt; &amp;amp; &quot;&apos; &#228;&#x1F600;<![CDATA[ <raw> & ]]></text >
            </ec2:R>

            """)
        #expect(tree.name == "R")
        #expect(tree.attributes == ["xmlns:ec2": "http://ec2/>", "a": "b"])
        #expect(tree.items("set").map { $0.string("id") } == ["i-1", "i-2"])
        #expect(tree.items("set")[0].string("empty") == nil)
        #expect(tree.items("set")[0]["none"] != nil)
        #expect(tree.items("missing").isEmpty)
        #expect(tree.string("text") == "a <b> &amp; \"' ä😀 <raw> &")
        #expect(tree.descendant("id")?.text == "i-1")
    }

    @Test(arguments: [
        "", "text", "<a>", "<a></b>", "<a><b></a></b>", "<a/><b/>", "<a>&unknown;</a>", "<a>&lt</a>", "<a>&#xD800;</a>", "<a b></a>",
        "<a b=c/>",
        "<a b=\"c/>", "<>", "</a>", "<a", "<a>text", "<!-- only", "<a><![CDATA[ x </a>",
        "<!DOCTYPE a [<!ENTITY e \"e\">]><a>&e;</a>", "<a><!DOCTYPE b></a>",
    ])
    func `is refused when it is none, or brings entities of its own`(text: String) {
        #expect(throws: XMLTree.Malformed.self) { try parse(text) }
    }

    @Test func `is refused when it is nested without end`() {
        #expect(throws: XMLTree.Malformed.self) { try parse(String(repeating: "<a>", count: 100_000)) }
    }

    @Test func `is read back as it was written, whatever stands in it`() throws {
        let hostile = "</name><devices type='x'>&lt;\"\u{0}\u{1B}]]>\n"
        let tree = XMLTree("a", ["b": hostile, "c": "ä"], [XMLTree("name", text: "x" + hostile + "x"), XMLTree("empty")])
        let read = try parse(tree.markup)
        let kept = "</name><devices type='x'>&lt;\"]]>\n"
        #expect(read == XMLTree("a", ["b": kept, "c": "ä"], [XMLTree("name", text: "x" + kept + "x"), XMLTree("empty")]))
    }
}
