using ConcertDapr.Wire.Workflows;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace ConcertDapr.Tests.Workflows;

/// <summary>What workers get and what histories hold, scenario by scenario.</summary>
public sealed class EventSequenceTests
{
    [Fact]
    public async Task An_activity_runs_between_two_turns()
    {
        await using var t = new EngineUnderTest();
        var start = t.StartAsync("a", input: "in");
        var first = await t.Worker.NextTurnAsync();
        first.PastEvents.ShouldBeEmpty();
        first.NewEvents.Select(e => e.EventId).ShouldBe([-1, -1]);
        first.NewEvents[0].WorkflowStarted.ShouldNotBeNull();
        first.NewEvents[1].ExecutionStarted.Input.ShouldBe("in");
        (await t.GetAsync("a")).WorkflowStatus.ShouldBe(OrchestrationStatus.Pending);
        await t.AnswerAsync("a", Do.Activity(0, "Pay", "5"));
        await start;
        (await t.GetAsync("a")).WorkflowStatus.ShouldBe(OrchestrationStatus.Running);
        var task = await t.Worker.NextActivityAsync();
        (task.Name, task.Input, task.TaskId, task.TaskExecutionId).ShouldBe(("Pay", "5", 0, "x0"));
        await t.ResultAsync("a", 0, "ok");
        var second = await t.Worker.NextTurnAsync();
        second.PastEvents.Count.ShouldBe(3);
        second.NewEvents[1].TaskCompleted.Result.ShouldBe("ok");
        await t.AnswerAsync("a", Do.Complete("out"));
        (await t.EndAsync("a")).Output.ShouldBe("out");
        (await t.KindsAsync("a")).ShouldBe("WorkflowStarted ExecutionStarted TaskScheduled WorkflowStarted TaskCompleted ExecutionCompleted");
        (await t.HistoryAsync("a")).Select(e => e.Timestamp).Distinct().Count().ShouldBe(6);
    }

    [Fact]
    public async Task A_failed_activity_reaches_the_workflow_with_its_details()
    {
        await using var t = new EngineUnderTest();
        _ = t.StartAsync("a");
        await t.Worker.NextTurnAsync();
        await t.AnswerAsync("a", Do.Activity(0, "Pay"));
        await t.Worker.NextActivityAsync();
        await t.Engine.CompleteActivityAsync(new() { InstanceId = "a", TaskId = 0, FailureDetails = new() { ErrorType = "E", ErrorMessage = "declined" } });
        (await t.Worker.NextTurnAsync()).NewEvents[1].TaskFailed.FailureDetails.ErrorMessage.ShouldBe("declined");
    }

    [Fact]
    public async Task Results_that_come_during_a_turn_are_in_the_next_one_together()
    {
        await using var t = new EngineUnderTest();
        _ = t.StartAsync("a");
        await t.Worker.NextTurnAsync();
        await t.AnswerAsync("a", Do.Activity(0, "A"), Do.Activity(1, "B"), Do.Activity(2, "C"));
        for (var i = 0; i < 3; i++)
            await t.Worker.NextActivityAsync();
        await t.ResultAsync("a", 1, "b");
        (await t.Worker.NextTurnAsync()).NewEvents.Count.ShouldBe(2);
        await t.ResultAsync("a", 0, "a");
        await t.ResultAsync("a", 2, "c");
        await t.AnswerAsync("a");
        (await t.Worker.NextTurnAsync()).NewEvents.Skip(1).Select(e => e.TaskCompleted.TaskScheduledId).ShouldBe([0, 2]);
    }

    [Fact]
    public async Task A_timer_fires_at_its_time_and_one_in_the_past_at_once()
    {
        var time = new ManualTime();
        await using var t = new EngineUnderTest(time: time);
        _ = t.StartAsync("a");
        await t.Worker.NextTurnAsync();
        await t.AnswerAsync("a", Do.Timer(0, time.GetUtcNow().AddHours(-1)), Do.Timer(1, time.GetUtcNow().AddMinutes(10)));
        time.Advance(TimeSpan.FromMilliseconds(1));
        (await t.Worker.NextTurnAsync()).NewEvents[1].TimerFired.TimerId.ShouldBe(0);
        await t.AnswerAsync("a");
        time.Advance(TimeSpan.FromMinutes(9));
        t.Worker.HasItem.ShouldBeFalse();
        time.Advance(TimeSpan.FromMinutes(1));
        (await t.Worker.NextTurnAsync()).NewEvents[1].TimerFired.TimerId.ShouldBe(1);
    }

    [Fact]
    public async Task An_event_that_arrives_takes_its_timer_away()
    {
        var time = new ManualTime();
        await using var t = new EngineUnderTest(time: time);
        _ = t.StartAsync("a");
        await t.Worker.NextTurnAsync();
        await t.AnswerAsync("a", Do.EventTimer(0, "Approve", time.GetUtcNow().AddMinutes(1)));
        await t.RaiseAsync("a", "approve", "yes");
        (await t.Worker.NextTurnAsync()).NewEvents[1].EventRaised.Input.ShouldBe("yes");
        await t.AnswerAsync("a");
        time.Advance(TimeSpan.FromHours(1));
        await t.RaiseAsync("a", "later");
        (await t.Worker.NextTurnAsync()).NewEvents.Skip(1).ShouldHaveSingleItem().EventRaised.Name.ShouldBe("later");
    }

    [Fact]
    public async Task A_timer_that_never_fires_can_be_set()
    {
        await using var t = new EngineUnderTest();
        _ = t.StartAsync("a");
        await t.Worker.NextTurnAsync();
        await t.Engine.CompleteWorkflowAsync(new()
        {
            InstanceId = "a",
            Actions = { new WorkflowAction { CreateTimer = new() { FireAt = new Timestamp { Seconds = 253402300799, Nanos = 999999999 }, ExternalEvent = new() { Name = "E" } } } },
        });
        await t.RaiseAsync("a", "E");
        (await t.Worker.NextTurnAsync()).NewEvents[1].EventRaised.Name.ShouldBe("E");
    }

    [Theory]
    [InlineData(OrchestrationStatus.Completed)]
    [InlineData(OrchestrationStatus.Failed)]
    public async Task A_child_reports_its_end_to_its_parent(OrchestrationStatus end)
    {
        await using var t = new EngineUnderTest();
        _ = t.StartAsync("p", "Parent");
        await t.Worker.NextTurnAsync();
        await t.AnswerAsync("p", Do.Child(3, "Child", "c"));
        var child = (await t.Worker.NextTurnAsync()).NewEvents[1].ExecutionStarted;
        (child.ParentInstance.TaskScheduledId, child.ParentInstance.Name, child.ParentInstance.WorkflowInstance.InstanceId, child.ParentInstance.AppId)
            .ShouldBe((3, "Parent", "p", "app"));
        await t.AnswerAsync("c", Do.Complete("r", end));
        var told = (await t.Worker.NextTurnAsync()).NewEvents[1];
        if (end == OrchestrationStatus.Completed)
            told.ChildWorkflowInstanceCompleted.Result.ShouldBe("r");
        else
            told.ChildWorkflowInstanceFailed.TaskScheduledId.ShouldBe(3);
        told.Router.TargetAppId.ShouldBe("app");
        (await t.Engine.WaitForCompletionAsync(new() { InstanceId = "c" }, EngineUnderTest.Soon)).WorkflowState.ParentInstanceId.ShouldBe("p");
    }

    [Fact]
    public async Task A_child_without_an_id_gets_one_and_an_id_in_use_is_a_failure()
    {
        await using var t = new EngineUnderTest();
        _ = t.StartAsync("other");
        await t.Worker.NextTurnAsync();
        await t.AnswerAsync("other");
        _ = t.StartAsync("p");
        await t.Worker.NextTurnAsync();
        await t.AnswerAsync("p", Do.Child(0, "C", "other"), Do.Child(26, "C", ""));
        WorkflowRequest[] items = [await t.Worker.NextTurnAsync(), await t.Worker.NextTurnAsync()];
        items.Select(i => i.InstanceId).ShouldBe(["p", "p:001a"], ignoreOrder: true);
        var failed = items.Single(i => i.InstanceId == "p").NewEvents[1].ChildWorkflowInstanceFailed;
        failed.FailureDetails.ErrorType.ShouldBe("WorkflowInstanceAlreadyExists");
        failed.FailureDetails.ErrorMessage.ShouldBe("an active workflow with ID 'other' already exists");
    }

    [Fact]
    public async Task Continue_as_new_begins_again_with_the_carried_events()
    {
        await using var t = new EngineUnderTest();
        _ = t.StartAsync("a", input: "1");
        var first = (await t.Worker.NextTurnAsync()).NewEvents[1].ExecutionStarted;
        await t.AnswerAsync("a");
        await t.RaiseAsync("a", "E", "x");
        var raised = (await t.Worker.NextTurnAsync()).NewEvents[1];
        await t.AnswerAsync("a", Do.ContinueAsNew("2", raised));
        var next = await t.Worker.NextTurnAsync();
        next.PastEvents.ShouldBeEmpty();
        next.NewEvents[0].Router.SourceAppId.ShouldBe("app");
        (next.NewEvents[1].ExecutionStarted.Name, next.NewEvents[1].ExecutionStarted.Input).ShouldBe(("W", "2"));
        next.NewEvents[1].ExecutionStarted.WorkflowInstance.ExecutionId.ShouldNotBe(first.WorkflowInstance.ExecutionId);
        next.NewEvents[2].ShouldBe(raised);
        (await t.GetAsync("a")).WorkflowStatus.ShouldBe(OrchestrationStatus.Running);
        await t.AnswerAsync("a", Do.Complete());
        (await t.KindsAsync("a")).ShouldBe("WorkflowStarted ExecutionStarted EventRaised ExecutionCompleted");
    }

    [Fact]
    public async Task Results_of_the_old_execution_do_not_reach_the_new_one()
    {
        await using var t = new EngineUnderTest();
        _ = t.StartAsync("a");
        await t.Worker.NextTurnAsync();
        await t.AnswerAsync("a", Do.Activity(0, "Old"));
        await t.Worker.NextActivityAsync();
        await t.RaiseAsync("a", "again");
        await t.Worker.NextTurnAsync();
        await t.ResultAsync("a", 0, "old");
        await t.AnswerAsync("a", Do.ContinueAsNew("2"));
        (await t.Worker.NextTurnAsync()).NewEvents.Count.ShouldBe(2);
        await t.AnswerAsync("a", Do.Activity(0, "New"));
        (await t.Worker.NextActivityAsync()).Name.ShouldBe("New");
    }

    [Fact]
    public async Task An_event_that_comes_during_the_last_turn_of_an_execution_reaches_the_next_one()
    {
        await using var t = new EngineUnderTest();
        _ = t.StartAsync("a");
        await t.Worker.NextTurnAsync();
        await t.RaiseAsync("a", "late", "x");
        await t.AnswerAsync("a", Do.ContinueAsNew("2"));
        (await t.Worker.NextTurnAsync()).NewEvents[2].EventRaised.Input.ShouldBe("x");
    }

    [Theory]
    [InlineData(true, null)]
    [InlineData(false, "bye")]
    public async Task Terminating_waits_for_the_end_and_forces_it_when_the_worker_does_not(bool workerAgrees, string? output)
    {
        await using var t = new EngineUnderTest();
        _ = t.StartAsync("a");
        await t.Worker.NextTurnAsync();
        await t.AnswerAsync("a");
        var terminating = t.Engine.TerminateAsync(new() { InstanceId = "a", Output = "bye" }, EngineUnderTest.Soon);
        (await t.Worker.NextTurnAsync()).NewEvents[1].ExecutionTerminated.Input.ShouldBe("bye");
        terminating.IsCompleted.ShouldBeFalse();
        await t.AnswerAsync("a", workerAgrees ? [Do.Complete(null, OrchestrationStatus.Terminated)] : []);
        await terminating;
        var state = await t.GetAsync("a");
        (state.WorkflowStatus, state.Output).ShouldBe((OrchestrationStatus.Terminated, output));
    }

    [Fact]
    public async Task Termination_beats_continue_as_new()
    {
        await using var t = new EngineUnderTest();
        _ = t.StartAsync("a");
        await t.Worker.NextTurnAsync();
        await t.AnswerAsync("a");
        var terminating = t.Engine.TerminateAsync(new() { InstanceId = "a" }, EngineUnderTest.Soon);
        await t.Worker.NextTurnAsync();
        await t.AnswerAsync("a", Do.ContinueAsNew("2"));
        await terminating;
        (await t.GetAsync("a")).WorkflowStatus.ShouldBe(OrchestrationStatus.Terminated);
    }

    [Fact]
    public async Task Terminating_recursively_reaches_grandchildren()
    {
        await using var t = new EngineUnderTest();
        t.Worker.Workflows["P"] = _ => [Do.Child(0, "C", "c")];
        t.Worker.Workflows["C"] = _ => [Do.Child(0, "G", "g")];
        _ = t.StartAsync("p", "P");
        await t.Worker.NextTurnAsync();
        await t.AnswerAsync("g");
        await t.Engine.TerminateAsync(new() { InstanceId = "p", Recursive = true }, EngineUnderTest.Soon);
        (await t.Worker.NextTurnAsync()).NewEvents[1].ExecutionTerminated.Recurse.ShouldBeTrue();
        await t.AnswerAsync("g");
        foreach (var id in new[] { "p", "c", "g" })
            (await t.EndAsync(id)).WorkflowStatus.ShouldBe(OrchestrationStatus.Terminated);
    }

    [Fact]
    public async Task Suspending_only_changes_the_status_and_resuming_changes_it_back()
    {
        await using var t = new EngineUnderTest();
        t.Worker.Workflows["W"] = h => h.Raised("end") ? [Do.Complete("x")] : [];
        await t.StartAsync("a");
        await t.Engine.SuspendAsync(new() { InstanceId = "a", Reason = "why" }, EngineUnderTest.Soon);
        (await t.GetAsync("a")).WorkflowStatus.ShouldBe(OrchestrationStatus.Suspended);
        await t.Engine.ResumeAsync(new() { InstanceId = "a" }, EngineUnderTest.Soon);
        (await t.GetAsync("a")).WorkflowStatus.ShouldBe(OrchestrationStatus.Running);
        await t.Engine.SuspendAsync(new() { InstanceId = "a" }, EngineUnderTest.Soon);
        await t.RaiseAsync("a", "end");
        (await t.EndAsync("a")).WorkflowStatus.ShouldBe(OrchestrationStatus.Completed);
    }

    [Fact]
    public async Task A_custom_status_lasts_until_a_turn_without_one()
    {
        await using var t = new EngineUnderTest();
        _ = t.StartAsync("a");
        await t.Worker.NextTurnAsync();
        await t.Engine.CompleteWorkflowAsync(new() { InstanceId = "a", CustomStatus = "\"half\"" });
        (await t.GetAsync("a")).CustomStatus.ShouldBe("\"half\"");
        await t.RaiseAsync("a", "E");
        await t.Worker.NextTurnAsync();
        await t.AnswerAsync("a");
        (await t.GetAsync("a")).CustomStatus.ShouldBeNull();
    }

    [Fact]
    public async Task Patches_must_grow_from_those_in_the_history_or_the_instance_stalls()
    {
        await using var t = new EngineUnderTest();
        _ = t.StartAsync("a");
        await t.Worker.NextTurnAsync();
        await t.Engine.CompleteWorkflowAsync(new() { InstanceId = "a", Version = new() { Patches = { "p1", "p2" }, Name = "V" } });
        await t.RaiseAsync("a", "E");
        await t.Worker.NextTurnAsync();
        await t.AnswerAsync("a", Do.Complete());
        (await t.GetAsync("a")).WorkflowStatus.ShouldBe(OrchestrationStatus.Stalled);
        (await t.HistoryAsync("a"))[^1].ExecutionStalled.Description.ShouldBe("Patch mismatch. History patches: [p1, p2], current patches: []. ");
        await EngineUnderTest.ShouldFailAsync(t.RaiseAsync("a", "E"), StatusCode.Unknown, "failed to invoke method for workflow 'a': actor is stalled");
        await t.Worker.DisposeAsync();
        t.Worker = new Worker(t.Engine);
        (await t.Worker.NextTurnAsync()).NewEvents[1].EventRaised.Name.ShouldBe("E");
        await t.Engine.CompleteWorkflowAsync(new() { InstanceId = "a", Version = new() { Patches = { "p1", "p2", "p3" } }, Actions = { Do.Complete() } });
        (await t.EndAsync("a")).WorkflowStatus.ShouldBe(OrchestrationStatus.Completed);
        (await t.HistoryAsync("a")).Where(e => e.WorkflowStarted is not null).Select(e => string.Join(',', e.WorkflowStarted.Version.Patches))
            .ShouldBe(["p1,p2", "p3"]);
    }
}
