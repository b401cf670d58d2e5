using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Logging;

namespace ConcertDapr.Tests.Workflows;

/// <summary>Clock, ids and replay flags: what makes workflow code deterministic.</summary>
public sealed class ClockTests
{
    [Fact]
    public void The_clock_shows_the_turn_and_the_same_again_at_replay()
    {
        var seen = new List<(DateTime Time, bool Replaying)>();
        var instance = Instance.Of(async c =>
        {
            seen.Add((c.CurrentUtcDateTime, c.IsReplaying));
            await c.CallActivityAsync("A");
            seen.Add((c.CurrentUtcDateTime, c.IsReplaying));
            return "";
        });
        instance.Start();
        var first = instance.Now;
        seen.Distinct().ShouldBe([(first, false)]);
        seen.Clear();
        instance.Complete(0);
        seen[0].ShouldBe((first, true));
        seen[1].ShouldBe((instance.Now, false));
    }

    [Fact]
    public void New_guids_are_the_same_at_replay_and_differ_from_each_other_and_between_instances()
    {
        var seen = new List<Guid>();
        Func<Dapr.Workflow.WorkflowContext, Task<string>> code = async c =>
        {
            seen.Add(c.NewGuid());
            await c.CallActivityAsync("A");
            seen.Add(c.NewGuid());
            return "";
        };
        Instance.Of(code).Start().Complete(0);
        seen.Distinct().Count().ShouldBe(2);
        seen[0].Version.ShouldBe(5);
        var mine = seen[0];
        seen.Clear();
        Instance.Of(code).Start().Complete(0);
        seen[0].ShouldBe(mine);
    }

    [Fact]
    public void Derived_ids_follow_the_published_definition()
    {
        // RFC 4122's example: version 5 of "www.example.com" among DNS names.
        Dapr.Workflow.Worker.DeterministicGuid.Create(new Guid("6ba7b810-9dad-11d1-80b4-00c04fd430c8"), "www.example.com")
            .ShouldBe(new Guid("2ed6657d-e927-568b-95e1-2665a8aea6a2"));
        var id = Guid.NewGuid();
        Dapr.Workflow.Worker.DeterministicGuid.NamespaceOf(id.ToString(), "x").ShouldBe(id);
        Dapr.Workflow.Worker.DeterministicGuid.NamespaceOf(null, "x").Version.ShouldBe(5);
    }

    [Fact]
    public void A_replay_safe_logger_writes_each_line_once()
    {
        using var log = new ListLogger();
        Instance.Of(
            async c =>
            {
                var logger = c.CreateReplaySafeLogger("payment");
#pragma warning disable CA2254, CA1848 // a test's log line
                logger.LogInformation("start");
                await c.CallActivityAsync("A");
                logger.LogInformation("end");
#pragma warning restore CA2254, CA1848
                return "";
            },
            log).Start().Complete(0);
        // Every turn is run twice by the test's engine.
        log.Lines.ShouldBe(["start", "start", "end", "end"]);
    }

    [Fact]
    public void A_patch_is_on_for_new_instances_and_off_for_those_that_passed_the_place_before()
    {
        Func<Dapr.Workflow.WorkflowContext, Task<string>> code = async c =>
        {
            await c.CallActivityAsync("A");
            var patched = c.IsPatched("two-step");
            await c.CallActivityAsync("B");
            return patched ? "new" : "old";
        };
        var fresh = Instance.Of(code).Start().Complete(0);
        fresh.Answer.Version.Patches.ShouldBe(["two-step"]);
        fresh.Answer.Version.Name.ShouldBe("W");
        fresh.Complete(1).Answer.Version.Patches.ShouldBe(["two-step"]);
        fresh.Completion!.Result.ShouldBe("\"new\"");

        var old = Instance.Of(code).Start();
        old.History(old.Completed(0)).History(new() { EventId = 1, TaskScheduled = new() { Name = "B" } }).Complete(1);
        old.Answer.Version.ShouldBeNull();
        old.Completion!.Result.ShouldBe("\"old\"");
    }

    private sealed class ListLogger : ILoggerFactory, ILogger
    {
        public List<string> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public void Dispose()
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Add(formatter(state, exception));
    }
}
