/// Drawings, as SVG in the text's own colour.
enum Icon {
    private static func drawn(_ paths: String) -> String {
        "<svg class=\"icon\" viewBox=\"0 0 24 24\" width=\"20\" height=\"20\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.75\" stroke-linecap=\"round\" stroke-linejoin=\"round\" aria-hidden=\"true\">\(paths)</svg>"
    }

    static let projects = drawn(
        "<path d=\"M12 3 3.5 7.5 12 12l8.5-4.5L12 3Z\"/><path d=\"m3.5 12 8.5 4.5 8.5-4.5\"/><path d=\"m3.5 16.5 8.5 4.5 8.5-4.5\"/>")
    static let settings = drawn(
        "<path d=\"M4 7h10M18 7h2M4 17h2M10 17h10\"/><circle cx=\"16\" cy=\"7\" r=\"2\"/><circle cx=\"8\" cy=\"17\" r=\"2\"/>")
    static let docs = drawn("<path d=\"M5 4.5h9.5L19 9v10.5H5z\"/><path d=\"M14 4.5V9.5h5M8.5 13.5h7M8.5 16.5h5\"/>")
    static let key = drawn("<circle cx=\"8\" cy=\"15\" r=\"4.5\"/><path d=\"m11.2 11.8 8.3-8.3M16 7l3 3\"/>")
    static let menu = drawn("<path d=\"M4 7h16M4 12h16M4 17h16\"/>")
    static let overview = drawn(
        "<rect x=\"4\" y=\"4\" width=\"7\" height=\"9\" rx=\"1.5\"/><rect x=\"4\" y=\"16\" width=\"7\" height=\"4\" rx=\"1.5\"/><rect x=\"14\" y=\"4\" width=\"6\" height=\"4\" rx=\"1.5\"/><rect x=\"14\" y=\"11\" width=\"6\" height=\"9\" rx=\"1.5\"/>"
    )
    static let resources = drawn(
        "<rect x=\"4\" y=\"4.5\" width=\"16\" height=\"6\" rx=\"1.5\"/><rect x=\"4\" y=\"13.5\" width=\"16\" height=\"6\" rx=\"1.5\"/><path d=\"M7.5 7.5h.01M7.5 16.5h.01\"/>"
    )
    static let costs = drawn("<path d=\"M5 4v16h15\"/><path d=\"M9 16v-4M13 16V8M17 16v-6\"/>")
    static let unitMetrics = drawn(
        "<path d=\"M6 19 18 5\"/><circle cx=\"7.5\" cy=\"7.5\" r=\"2.5\"/><circle cx=\"16.5\" cy=\"16.5\" r=\"2.5\"/>")
    static let usage = drawn("<path d=\"M4.5 17a8.5 8.5 0 1 1 15 0\"/><path d=\"m12 14 3.5-4.5\"/>")
    static let webhooks = drawn(
        "<path d=\"M4 12h11M11 7.5l4.5 4.5-4.5 4.5\"/><path d=\"M14 4.5h4a1.5 1.5 0 0 1 1.5 1.5v12a1.5 1.5 0 0 1-1.5 1.5h-4\"/>")
    static let events = drawn("<path d=\"M9 6h11M9 12h11M9 18h11M4.5 6h.01M4.5 12h.01M4.5 18h.01\"/>")
    static let audit = drawn(
        "<path d=\"M12 3.5 5 6v5.5c0 4.2 2.9 7.4 7 9 4.1-1.6 7-4.8 7-9V6l-7-2.5Z\"/><path d=\"m9 11.8 2.2 2.2 3.8-4\"/>")
    static let plus = drawn("<path d=\"M12 5v14M5 12h14\"/>")

    private static let cloud =
        "<path fill=\"#fff\" d=\"M10.4 22.6a4.9 4.9 0 0 1-.5-9.8 6.6 6.6 0 0 1 12.5 1.5 4.2 4.2 0 0 1-.6 8.3H10.4Z\"/>"
    private static let tile = "<rect width=\"32\" height=\"32\" rx=\"8\" fill=\"#4656e0\"/>"

    static let mark = "<svg class=\"mark\" viewBox=\"0 0 32 32\" width=\"28\" height=\"28\" aria-hidden=\"true\">\(tile)\(cloud)</svg>"
    static let favicon = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 32 32\">\(tile)\(cloud)</svg>"
}
