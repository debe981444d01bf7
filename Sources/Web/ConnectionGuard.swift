import HTTPTypes
package import Kernel
package import NIOCore
import NIOHTTP1
package import NIOHTTPTypes

/// Watches one HTTP/1 connection for what never reaches the router: bytes that are not HTTP, heads and bodies that come too slowly.
///
/// Each is answered with its problem and the connection is closed. It sits behind the HTTP codec, and puts a watcher of its own in front of
/// everything to see that bytes of an unfinished head arrive at all: a connection that is merely idle is left to the idle time-out.
package final class ConnectionGuard: ChannelInboundHandler, ChannelOutboundHandler, RemovableChannelHandler {
    package typealias InboundIn = HTTPRequestPart
    package typealias InboundOut = HTTPRequestPart
    package typealias OutboundIn = HTTPResponsePart
    package typealias OutboundOut = HTTPResponsePart

    package struct Limits: Sendable {
        /// From the first byte of a head to its last.
        package let head: TimeAmount
        /// From the last byte of a head to the last of its body; a long body has so much for every mebibyte.
        package let body: TimeAmount

        package init(head: TimeAmount, body: TimeAmount) {
            self.head = head
            self.body = body
        }
    }

    private enum Phase {
        case idle
        case head
        case body
        /// The request is here; the answer is being made.
        case answering
    }

    private let limits: Limits
    private let surroundings: Surroundings
    private var phase = Phase.idle
    /// What is waited for now, and until when; nil while nothing is.
    private var awaited: (until: NIODeadline, complaint: StaticString)?
    /// The one look at `awaited` that is planned. It plans the next itself: a timer per request would cost more than the router.
    private var look: Scheduled<Void>?
    private var hasAnswered = false
    /// The client has closed its side, or the connection is gone.
    private var isHungUp = false
    /// Bytes of the body since its time was last renewed.
    private var sinceRenewal = 0
    private var watch: HangUpWatch?

    package init(limits: Limits, surroundings: Surroundings) {
        self.limits = limits
        self.surroundings = surroundings
    }

    package func handlerAdded(context: ChannelHandlerContext) {
        let watcher = FirstByteWatcher { [weak self] in self?.bytesArrived(context) }
        try? context.pipeline.syncOperations.addHandler(watcher, position: .first)  // fails only on a pipeline already torn down
    }

    package func handlerRemoved(context: ChannelHandlerContext) { look?.cancel() }

    package func channelInactive(context: ChannelHandlerContext) {
        look?.cancel()
        hangUp()
        context.fireChannelInactive()
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed { hangUp() }
        context.fireUserInboundEventTriggered(event)
    }

    package func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard let watch = event as? HangUpWatch else { return context.triggerUserOutboundEvent(event, promise: promise) }
        self.watch = watch
        if isHungUp { hangUp() }
        promise?.succeed()
    }

    private func hangUp() {
        isHungUp = true
        watch?.hungUp()
        watch = nil
    }

    private func bytesArrived(_ context: ChannelHandlerContext) {
        guard phase == .idle else { return }
        phase = .head
        start(limits.head, context, "The head of the request did not arrive in time.")
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            phase = .body
            hasAnswered = false
            sinceRenewal = 0
            start(limits.body, context, "The body of the request did not arrive in time.")
        case .body(let bytes):
            sinceRenewal += bytes.readableBytes
            if sinceRenewal >= 1 << 20, phase == .body {
                sinceRenewal = 0
                start(limits.body, context, "The body of the request did not arrive in time.")
            }
        case .end:
            awaited = nil
            phase = hasAnswered ? .idle : .answering
        }
        context.fireChannelRead(data)
    }

    package func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head: hasAnswered = true
        case .end:
            watch = nil
            if phase == .answering { phase = .idle }
        default: break
        }
        context.write(data, promise: promise)
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError else { return context.fireErrorCaught(error) }
        let problem =
            error == .headerOverflow
            ? Problem(.headersTooLarge, "The head of the request is too large.")
            : Problem(.malformedRequest, "The request is not HTTP/1.1.")
        refuse(problem, context)
    }

    private func start(_ time: TimeAmount, _ context: ChannelHandlerContext, _ complaint: StaticString) {
        awaited = (.now() + time, complaint)
        if look == nil { plan(min(time, limits.head), context) }
    }

    private func plan(_ time: TimeAmount, _ context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        look = context.eventLoop.assumeIsolated().scheduleTask(in: time) {
            let (connection, context) = bound.value
            connection.lookAround(context)
        }
    }

    private func lookAround(_ context: ChannelHandlerContext) {
        look = nil
        guard let awaited else { return }
        let left = awaited.until - .now()
        if left > .zero {
            plan(min(left, limits.head), context)
        } else {
            refuse(Problem(.requestTimeout, awaited.complaint.description), context)
        }
    }

    private func refuse(_ problem: Problem, _ context: ChannelHandlerContext) {
        look?.cancel()
        defer { context.close(promise: nil) }
        guard !hasAnswered, context.channel.isActive else { return }
        hasAnswered = true
        let id: RequestID = surroundings.makeID()
        let answer = ProblemWriter(requestID: id, path: "").answer(problem)
        var headers = answer.headers
        headers[.requestID] = id.rawValue
        headers[.connection] = "close"
        headers[.contentLength] = String(answer.body.count)
        context.write(wrapOutboundOut(.head(HTTPResponse(status: answer.status, headerFields: headers))), promise: nil)
        context.write(wrapOutboundOut(.body(ByteBuffer(bytes: answer.body))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}

/// Asks a connection to tell when the client hangs up before its answer has ended; sent down the channel by who writes the answer.
///
/// A client that closes only its sending side has hung up too: over TCP the two look alike until something is written.
struct HangUpWatch: Sendable {
    let hungUp: @Sendable () -> Void
}

/// Tells that bytes came in, whatever they are.
private final class FirstByteWatcher: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let arrived: () -> Void

    init(_ arrived: @escaping () -> Void) { self.arrived = arrived }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        arrived()
        context.fireChannelRead(data)
    }
}
