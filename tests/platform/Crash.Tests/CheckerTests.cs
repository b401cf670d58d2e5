using ConcertDapr.Crash;
using ConcertDapr.Wire.Workflows;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace ConcertDapr.Tests;

/// <summary>The checker is checked: a sound history passes, and each way of breaking it is told.</summary>
public sealed class CheckerTests
{
    private static readonly Step s_step = new("e", 1);
    private readonly List<HistoryEvent> _events;
    private int _time;

    public CheckerTests() => _events =
    [
        Event(e => e.WorkflowStarted = new()),
        Event(e => e.ExecutionStarted = new() { Name = "W", WorkflowInstance = new() { InstanceId = "a", ExecutionId = "x" } }),
        Event(e => e.TaskScheduled = new() { Name = "Work", Input = """{"effect":"e","carry":1}""", TaskExecutionId = "t" }, 0),
        Event(e => e.TimerCreated = new() { FireAt = At(3) }, 1),
        Event(e => e.WorkflowStarted = new()),
        Event(e => e.TaskCompleted = new() { TaskScheduledId = 0, Result = $"{s_step.Outcome("a")}", TaskExecutionId = "t" }),
        Event(e => e.TimerFired = new() { TimerId = 1, FireAt = At(3) }),
        Event(e => e.ExecutionCompleted = new() { WorkflowStatus = OrchestrationStatus.Completed }),
    ];

    [Fact]
    public void A_sound_history_passes() => Check().ShouldBeEmpty();

    [Theory]
    [InlineData(0, "does not begin with a turn")]
    [InlineData(1, "ExecutionStarted occurs 0 times")]
    [InlineData(2, "step 0 ends and was never made")]
    [InlineData(4, "step 0 ends in the turn that made it")]
    [InlineData(5, "steps 0 have no end")]
    [InlineData(6, "steps 1 have no end")]
    [InlineData(7, "ExecutionCompleted occurs 0 times")]
    public void A_missing_event_is_told(int index, string fault)
    {
        _events.RemoveAt(index);
        Check().ShouldContain(text => text.Contains(fault));
    }

    [Theory]
    [InlineData(1, "ExecutionStarted occurs 2 times")]
    [InlineData(2, "id 0 is given twice")]
    [InlineData(5, "step 0 ends twice")]
    [InlineData(6, "step 1 ends twice")]
    [InlineData(7, "ExecutionCompleted occurs 2 times")]
    public void A_doubled_event_is_told(int index, string fault)
    {
        _events.Insert(index, _events[index]);
        Check().ShouldContain(text => text.Contains(fault));
    }

    [Fact]
    public void A_result_that_the_activity_cannot_have_given_is_told()
    {
        _events[5].TaskCompleted.Result = "0";
        Check().ShouldContain(text => text.Contains("has the result 0 instead of"));
    }

    [Fact]
    public void An_end_of_another_kind_is_told()
    {
        _events[6] = Event(e => e.TaskFailed = new() { TaskScheduledId = 1 });
        Check().ShouldContain(text => text.Contains("step 1 is TimerCreated"));
    }

    [Fact]
    public void A_timer_that_fires_early_is_told()
    {
        _events[6].Timestamp = At(2);
        Check().ShouldContain(text => text.Contains("timer 1"));
    }

    [Fact]
    public void Two_events_of_the_same_time_are_told()
    {
        _events[6].Timestamp = _events[5].Timestamp;
        Check().ShouldContain(text => text.Contains("2 events have the time"));
    }

    [Theory]
    [InlineData("history-000003", "history row 3 of 8 is missing")]
    [InlineData("metadata", "there is no metadata row")]
    public void A_missing_row_is_told(string name, string fault) => Check(rows => rows.Remove(name)).ShouldContain(text => text.Contains(fault));

    [Theory]
    [InlineData("history-000008", "9 history rows where the metadata declares 8")]
    [InlineData("inbox-000000", "1 inbox rows where the metadata declares 0")]
    [InlineData("other", "there is a row other")]
    public void A_stray_row_is_told(string name, string fault) => Check(rows => rows[name] = []).ShouldContain(text => text.Contains(fault));

    [Fact]
    public void A_row_that_differs_from_what_the_API_tells_is_told() =>
        Check(rows => rows["history-000002"] = rows["history-000003"]).ShouldContain(text => text.Contains("row 2 is not the event"));

    [Fact]
    public void The_books_tell_lost_changed_and_repeated_effects_and_lost_workflows()
    {
        var plan = new Plan(1, new Random(1));
        var effects = plan.Effects.Select(effect => new Effect(effect.Key.Instance, effect.Key.Name, effect.Value)).ToList();
        Books([.. effects.Skip(1)]).ShouldContain(text => text.Contains("is missing"));
        Books([.. effects, effects[0] with { Value = effects[0].Value + 1 }]).ShouldContain(text => text.Contains("has the values"));
        Books(effects).ShouldContain($"{plan.Id}: was started and is gone");

        IReadOnlyList<string> Books(IReadOnlyList<Effect> ledger) => Crash.Books.Check([plan], new Dictionary<string, Remains>(), ledger);
    }

    private IReadOnlyList<string> Check(Action<Dictionary<string, byte[]>>? spoil = null)
    {
        var rows = _events.Select((e, i) => (Name: $"history-{i:D6}", Data: e.ToByteArray())).ToDictionary(row => row.Name, row => row.Data);
        rows["metadata"] = new WorkflowStateMetadata { HistoryLength = (ulong)_events.Count, Generation = 1 }.ToByteArray();
        spoil?.Invoke(rows);
        return HistoryChecker.Check(new Remains("a", _events, rows));
    }

    private HistoryEvent Event(Action<HistoryEvent> fill, int id = -1)
    {
        var e = new HistoryEvent { EventId = id, Timestamp = At(++_time) };
        fill(e);
        return e;
    }

    private static Timestamp At(int seconds) => new() { Seconds = 1_800_000_000 + seconds };
}
