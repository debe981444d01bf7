package import Kernel
package import Logging
import ServiceLifecycle

/// Work that happens by itself: takes no input, may run twice, and does what is due each time it wakes.
package struct BackgroundTask: Sendable {
    /// Where servers share a database: whether all of them do it, each for itself, or one for all.
    package enum Place: Sendable {
        case everywhere
        case onOne
    }

    package let name: String
    package let interval: Duration
    /// How long after the start it runs first.
    package let delay: Duration
    package let place: Place
    package let run: @Sendable () async throws -> Void

    package init(
        _ name: String, every interval: Duration, after delay: Duration = .zero, _ place: Place = .onOne,
        run: @escaping @Sendable () async throws -> Void
    ) {
        self.name = name
        self.interval = interval
        self.delay = delay
        self.place = place
        self.run = run
    }
}

/// Runs the tasks beside each other until the server stops. A task that fails is logged and tried again at its next time.
package struct BackgroundTasks: Service {
    private let tasks: [BackgroundTask]
    private let surroundings: Surroundings
    private let logger: Logger

    package init(_ tasks: [BackgroundTask], surroundings: Surroundings, logger: Logger) {
        self.tasks = tasks
        self.surroundings = surroundings
        self.logger = logger
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                for task in tasks { group.addTask { await loop(task) } }
            }
        }
    }

    private func loop(_ task: BackgroundTask) async {
        if task.delay > .zero, (try? await surroundings.sleep(task.delay)) == nil { return }  // cancelled
        while !Task.isCancelled {
            do {
                try await task.run()
            } catch is CancellationError where Task.isCancelled {
                return
            } catch {
                logger.error("background task failed", metadata: ["task": "\(task.name)", "error": "\(error)"])
            }
            guard (try? await surroundings.sleep(task.interval)) != nil else { return }  // cancelled
        }
    }
}
