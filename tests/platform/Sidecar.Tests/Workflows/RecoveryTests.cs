using ConcertDapr.Sidecar.Workflows;
using ConcertDapr.Wire.Workflows;
using Google.Protobuf;

namespace ConcertDapr.Tests.Workflows;

/// <summary>Workers that go, answers that come late or twice, and processes that are killed.</summary>
public sealed class RecoveryTests
{
    private static readonly Task s_never = new TaskCompletionSource().Task;

    [Fact]
    public async Task An_outstanding_turn_is_sent_again_with_the_same_events()
    {
        await using var t = new EngineUnderTest();
        _ = t.StartAsync("a");
        var lost = await t.Worker.NextTurnAsync();
        await using var next = await t.KilledAndRestartedAsync();
        var again = await next.Worker.NextTurnAsync();
        again.NewEvents[1].ShouldBe(lost.NewEvents[1]);
        again.NewEvents[0].Timestamp.ShouldNotBe(lost.NewEvents[0].Timestamp);
    }

    [Fact]
    public async Task An_outstanding_activity_is_sent_again_and_a_stored_result_is_not()
    {
        await using var t = new EngineUnderTest();
        _ = t.StartAsync("a");
        await t.Worker.NextTurnAsync();
        await t.AnswerAsync("a", Do.Activity(0, "A"), Do.Activity(1, "B"));
        await t.Worker.NextActivityAsync();
        await t.Worker.NextActivityAsync();
        await t.ResultAsync("a", 0, "kept");
        await using var next = await t.KilledAndRestartedAsync();
        WorkItem[] items = [await next.Worker.NextAsync(), await next.Worker.NextAsync()];
        items.Single(i => i.ActivityRequest is not null).ActivityRequest.Name.ShouldBe("B");
        items.Single(i => i.WorkflowRequest is not null).WorkflowRequest.NewEvents[1].TaskCompleted.Result.ShouldBe("kept");
    }

    [Fact]
    public async Task A_timer_that_came_due_while_nothing_ran_fires_after_the_restart()
    {
        var time = new ManualTime();
        await using var t = new EngineUnderTest(time: time);
        _ = t.StartAsync("a");
        await t.Worker.NextTurnAsync();
        await t.AnswerAsync("a", Do.Timer(0, time.GetUtcNow().AddMinutes(1)));
        var later = new ManualTime();
        later.Advance(TimeSpan.FromMinutes(5));
        await using var next = new EngineUnderTest(t.Disk, time: later);
        await next.Engine.RecoverAsync();
        later.Advance(TimeSpan.Zero);
        (await next.Worker.NextTurnAsync()).NewEvents[1].TimerFired.TimerId.ShouldBe(0);
    }

    [Fact]
    public async Task A_scheduled_start_survives_and_waits_for_its_time()
    {
        var time = new ManualTime();
        await using var t = new EngineUnderTest(time: time);
        var at = time.GetUtcNow().AddMinutes(1);
        await t.Engine.StartAsync(new() { InstanceId = "a", Name = "W", ScheduledStartTimestamp = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTimeOffset(at) }, EngineUnderTest.Soon);
        (await t.GetAsync("a")).Name.ShouldBe("");
        await using var next = new EngineUnderTest(t.Disk, time: time);
        await next.Engine.RecoverAsync();
        next.Worker.HasItem.ShouldBeFalse();
        time.Advance(TimeSpan.FromMinutes(1));
        (await next.Worker.NextTurnAsync()).NewEvents[1].ExecutionStarted.Name.ShouldBe("W");
    }

    [Fact]
    public async Task A_termination_with_children_goes_on_after_a_kill_between_parent_and_child()
    {
        var disk = new Disk();
        await using (var t = new EngineUnderTest(disk))
        {
            t.Worker.Workflows["P"] = _ => [Do.Child(0, "C", "c")];
            _ = t.StartAsync("p", "P");
            await t.Worker.NextTurnAsync();
            await t.AnswerAsync("c");
            await t.Engine.DisposeAsync();
        }
        await TerminateParentOnlyAsync(disk);
        await using var next = new EngineUnderTest(disk);
        await next.Engine.RecoverAsync();
        (await next.Worker.NextTurnAsync()).NewEvents[1].ExecutionTerminated.ShouldNotBeNull();
        await next.AnswerAsync("c");
        (await next.EndAsync("c")).WorkflowStatus.ShouldBe(OrchestrationStatus.Terminated);
    }

    [Theory]
    [InlineData("terminated", OrchestrationStatus.Terminated)]
    [InlineData("continued as new", OrchestrationStatus.Running)]
    [InlineData("completed at once", OrchestrationStatus.Completed)]
    public async Task An_execution_does_not_end_before_the_children_that_it_asked_for_have_begun(string way, OrchestrationStatus end)
    {
        await using var t = new EngineUnderTest();
        var held = new TaskCompletionSource();
        t.Disk.Writable = key =>
        {
            if (!key.Contains("||c||", StringComparison.Ordinal))
                return Task.CompletedTask;
            held.TrySetResult();
            return s_never;
        };
        _ = t.StartAsync("p", "P");
        await t.Worker.NextTurnAsync();
        WorkflowAction[] last = [Do.Child(0, "C", "c"), Do.Complete()];
        if (way != "completed at once")
        {
            await t.AnswerAsync("p", Do.Child(0, "C", "c"));
            _ = way == "terminated" ? t.Engine.TerminateAsync(new() { InstanceId = "p" }, EngineUnderTest.Soon) : t.RaiseAsync("p", "go");
            await t.Worker.NextTurnAsync();
            last = way == "terminated" ? [] : [Do.ContinueAsNew("2")];
        }
        var before = await t.KindsAsync("p");
        var answered = t.AnswerAsync("p", last);
        await held.Task.WaitAsync(TimeSpan.FromSeconds(30));
        await t.RaiseAsync("p", "later");
        (answered.IsCompleted, await t.KindsAsync("p")).ShouldBe((false, before));

        t.Disk.Writable = _ => Task.CompletedTask;
        await using var next = await t.KilledAndRestartedAsync();
        while ((await next.Worker.NextTurnAsync()).InstanceId != "p")
        {
            // The child's first turn may come first.
        }
        await next.AnswerAsync("p", last);
        (await next.GetAsync("p")).WorkflowStatus.ShouldBe(end);
        t.Disk.Rows.Keys.ShouldContain(MetadataOf("c"));
    }

    [Fact]
    public async Task A_damaged_instance_keeps_neither_the_others_nor_its_parent_from_going_on()
    {
        await using var t = new EngineUnderTest();
        t.Disk.Rows = new() { [MetadataOf("c")] = new(new WorkflowStateMetadata { HistoryLength = 1 }.ToByteArray(), "1") };
        _ = t.StartAsync("p", "P");
        await t.Worker.NextTurnAsync();
        await t.AnswerAsync("p", Do.Child(0, "C", "c"));
        await using var next = await t.KilledAndRestartedAsync();
        _ = next.Engine.TerminateAsync(new() { InstanceId = "p" }, EngineUnderTest.Soon);
        await next.Worker.NextTurnAsync();
        await next.AnswerAsync("p").WaitAsync(TimeSpan.FromSeconds(30));
        (await next.EndAsync("p")).WorkflowStatus.ShouldBe(OrchestrationStatus.Terminated);
        await Should.ThrowAsync<InvalidDataException>(() => next.GetAsync("c"));
    }

    [Fact]
    public async Task A_child_that_is_purged_before_its_parent_has_learned_of_its_end_does_not_run_again()
    {
        var disk = new Disk();
        // Stored: the parent's start and turn, the child's start and turn. The parent's inbox is not reached.
        var process = disk.Mount(writes: 4);
        var engine = new WorkflowEngine(new("app"), process, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger<WorkflowEngine>.Instance);
        _ = new Worker(engine, w => (w.Workflows["P"], w.Workflows["C"]) = (_ => [Do.Child(0, "C", "c")], _ => [Do.Complete("born once")]));
        _ = engine.StartAsync(new() { InstanceId = "p", Name = "P" }, EngineUnderTest.Soon);
        await process.Killed.WaitAsync(TimeSpan.FromSeconds(10));
        await using var next = new EngineUnderTest(disk);
        await next.Engine.PurgeAsync(new() { InstanceId = "c" }, EngineUnderTest.Soon);
        await next.Engine.RecoverAsync();
        (await next.Worker.NextTurnAsync()).NewEvents[1].ChildWorkflowInstanceCompleted.Result.ShouldBe("born once");
        (await next.GetAsync("c")).ShouldBeNull();
    }

    [Fact]
    public async Task A_turn_does_not_wait_until_its_event_is_stored_but_answers_and_what_the_turn_asks_for_do()
    {
        await using var t = await WithActivityOutAsync();
        var store = new TaskCompletionSource();
        t.Disk.Writable = _ => store.Task;
        var told = t.ResultAsync("a", 0, "r");
        (await t.Worker.NextTurnAsync()).NewEvents[1].TaskCompleted.Result.ShouldBe("r");
        var answered = t.AnswerAsync("a", Do.Activity(1, "B"));
        var read = t.GetAsync("a");
        t.Disk.Rows.Keys.ShouldNotContain(key => key.Contains("inbox-", StringComparison.Ordinal));
        (told.IsCompleted, answered.IsCompleted, read.IsCompleted, t.Worker.HasItem).ShouldBe((false, false, false, false));
        store.SetResult();
        await Task.WhenAll(told, answered, read);
        (await t.Worker.NextActivityAsync()).Name.ShouldBe("B");
    }

    [Fact]
    public async Task A_result_whose_storing_was_cut_off_is_not_told_and_the_activity_runs_again()
    {
        await using var t = await WithActivityOutAsync();
        t.Disk.Writable = _ => s_never;
        var told = t.ResultAsync("a", 0, "first");
        await t.Worker.NextTurnAsync();
        var answered = t.AnswerAsync("a", Do.Complete("too early"));
        t.Disk.Writable = _ => Task.CompletedTask;
        await using var next = await t.KilledAndRestartedAsync();
        await next.Worker.NextActivityAsync();
        await next.ResultAsync("a", 0, "second");
        (await next.Worker.NextTurnAsync()).NewEvents[1].TaskCompleted.Result.ShouldBe("second");
        await next.AnswerAsync("a", Do.Complete("in time"));
        (await next.EndAsync("a")).Output.ShouldBe("in time");
        (told.IsCompleted, answered.IsCompleted).ShouldBe((false, false));
    }

    [Fact]
    public async Task Rows_that_are_written_while_they_are_read_are_read_again()
    {
        await using var t = new EngineUnderTest();
        var start = t.StartAsync("a");
        await t.Worker.NextTurnAsync();
        var before = t.Disk.Rows;
        await t.AnswerAsync("a", Do.Activity(0, "A"));
        await start;
        var after = t.Disk.Rows;
        t.Disk.Rows = before;
        t.Disk.BeforeManyAreRead = () => t.Disk.Rows = after;
        await using var next = new EngineUnderTest(t.Disk);
        (await next.KindsAsync("a")).ShouldBe("WorkflowStarted ExecutionStarted TaskScheduled");
    }

    [Fact]
    public async Task What_a_worker_held_goes_to_the_next_when_its_stream_ends()
    {
        await using var t = new EngineUnderTest();
        var start = t.StartAsync("a");
        await t.Worker.NextTurnAsync();
        await t.Worker.DisposeAsync();
        await t.AnswerAsync("a", Do.Complete("from the grave"));
        t.Worker = new Worker(t.Engine);
        await t.Worker.NextTurnAsync();
        await t.AnswerAsync("a", Do.Activity(0, "A"));
        await start;
        await t.Worker.NextActivityAsync();
        await t.Worker.DisposeAsync();
        t.Worker = new Worker(t.Engine);
        (await t.Worker.NextActivityAsync()).Name.ShouldBe("A");
        await t.ResultAsync("a", 0, "r");
        (await t.Worker.NextTurnAsync()).NewEvents[1].TaskCompleted.Result.ShouldBe("r");
    }

    [Fact]
    public async Task Answers_that_nobody_asked_for_change_nothing()
    {
        await using var t = new EngineUnderTest();
        _ = t.StartAsync("a");
        await t.Worker.NextTurnAsync();
        await t.AnswerAsync("nobody", Do.Complete());
        await t.ResultAsync("nobody", 0, "x");
        await t.AnswerAsync("a", Do.Activity(0, "A"));
        await t.AnswerAsync("a", Do.Complete("uncalled"));
        await t.Worker.NextActivityAsync();
        await t.ResultAsync("a", 9, "unknown task");
        await t.ResultAsync("a", 0, "first");
        await t.ResultAsync("a", 0, "second");
        (await t.Worker.NextTurnAsync()).NewEvents.Skip(1).ShouldHaveSingleItem().TaskCompleted.Result.ShouldBe("first");
        await t.AnswerAsync("a", Do.Complete("end"));
        await t.ResultAsync("a", 0, "late");
        (await t.EndAsync("a")).Output.ShouldBe("end");
    }

    [Fact]
    public async Task A_turn_s_answer_that_comes_again_is_not_taken_for_the_answer_of_the_next_turn()
    {
        await using var t = new EngineUnderTest(withWorker: false);
        t.Worker = new Worker(t.Engine, withTokens: true);
        _ = t.StartAsync("a");
        var answer = new WorkflowResponse { InstanceId = "a", CompletionToken = (await t.Worker.NextAsync()).CompletionToken, Actions = { Do.Activity(0, "A") } };
        await t.Engine.CompleteWorkflowAsync(answer);
        await t.Worker.NextActivityAsync();
        await t.ResultAsync("a", 0, "r");
        await t.Worker.NextTurnAsync();
        await t.Engine.CompleteWorkflowAsync(answer);
        await t.AnswerAsync("a", Do.Complete("end"));
        (await t.EndAsync("a")).Output.ShouldBe("end");
    }

    [Fact]
    public async Task An_activity_s_answer_is_not_taken_for_that_of_the_next_execution_s_activity_of_the_same_id()
    {
        await using var t = new EngineUnderTest(withWorker: false);
        t.Worker = new Worker(t.Engine, withTokens: true);
        _ = t.StartAsync("a");
        await t.Worker.NextTurnAsync();
        await t.AnswerAsync("a", Do.Activity(0, "A"));
        var late = await t.Worker.NextAsync();
        await t.RaiseAsync("a", "go");
        await t.Worker.NextTurnAsync();
        await t.AnswerAsync("a", Do.ContinueAsNew("2"));
        await t.Worker.NextTurnAsync();
        await t.AnswerAsync("a", Do.Activity(0, "A"));
        var current = await t.Worker.NextAsync();
        await t.Engine.CompleteActivityAsync(new() { InstanceId = "a", TaskId = 0, Result = "old", CompletionToken = late.CompletionToken });
        await t.Engine.CompleteActivityAsync(new() { InstanceId = "a", TaskId = 0, Result = "new", CompletionToken = current.CompletionToken });
        (await t.Worker.NextTurnAsync()).NewEvents[1].TaskCompleted.Result.ShouldBe("new");
    }

    [Fact]
    public async Task Idle_workers_take_turns()
    {
        await using var t = new EngineUnderTest(withWorker: false);
        List<string> order = [];
        Worker[] workers = [Listening("1"), Listening("2")];
        while (t.Engine.ConnectedWorkers < 2)
            await Task.Yield();
        for (var i = 0; i < 6; i++)
            await t.StartAsync($"w{i}");
        order.Where((_, i) => i % 2 == 0).Distinct().Count().ShouldBe(1);
        order.Distinct().Count().ShouldBe(2);
        foreach (var worker in workers)
            await worker.DisposeAsync();

        Worker Listening(string name) => new(t.Engine, w => w.Workflows["W"] = _ =>
        {
            order.Add(name);
            return [Do.Complete()];
        });
    }

    private static string MetadataOf(string id) => $"app||dapr.internal.default.app.workflow||{id}||metadata";

    /// <summary>Instance <c>a</c> waits for its activity 0, which the worker has.</summary>
    private static async Task<EngineUnderTest> WithActivityOutAsync()
    {
        var t = new EngineUnderTest();
        var start = t.StartAsync("a");
        await t.Worker.NextTurnAsync();
        await t.AnswerAsync("a", Do.Activity(0, "A"));
        await start;
        await t.Worker.NextActivityAsync();
        return t;
    }

    /// <summary>Kills the process after the parent's end was stored, before anything else can be.</summary>
    private static async Task TerminateParentOnlyAsync(Disk disk)
    {
        var process = disk.Mount(writes: 2);
        var engine = new WorkflowEngine(new("app"), process, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger<WorkflowEngine>.Instance);
        await engine.RecoverAsync();
        var worker = new Worker(engine);
        _ = engine.TerminateAsync(new() { InstanceId = "p", Recursive = true }, EngineUnderTest.Soon);
        await worker.NextTurnAsync();
        await engine.CompleteWorkflowAsync(new() { InstanceId = "p" });
        await process.Killed.WaitAsync(TimeSpan.FromSeconds(30));
        disk.Rows.Keys.ShouldNotContain(k => k.Contains("||c||inbox", StringComparison.Ordinal));
    }
}
