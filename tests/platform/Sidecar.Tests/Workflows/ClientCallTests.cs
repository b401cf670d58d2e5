using ConcertDapr.Sidecar.Workflows;
using ConcertDapr.Wire.Workflows;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace ConcertDapr.Tests.Workflows;

/// <summary>Clients' calls: what they return, wait for and refuse.</summary>
public sealed class ClientCallTests
{
    [Fact]
    public async Task An_active_id_is_refused_and_an_ended_one_can_be_used_again()
    {
        await using var t = new EngineUnderTest();
        t.Worker.Workflows["W"] = h => h.Raised("end") ? [Do.Complete(h.Input)] : [];
        await t.StartAsync("a", input: "1");
        await EngineUnderTest.ShouldFailAsync(t.StartAsync("a"), StatusCode.AlreadyExists,
            "failed to create workflow instance: rpc error: code = AlreadyExists desc = an active workflow with ID 'a' already exists");
        await t.RaiseAsync("a", "end");
        (await t.EndAsync("a")).Output.ShouldBe("1");
        await t.StartAsync("a", input: "2");
        (await t.GetAsync("a")).Input.ShouldBe("2");
        (await t.KindsAsync("a")).ShouldBe("WorkflowStarted ExecutionStarted");
        t.Disk.Rows.Count.ShouldBe(4);
    }

    [Fact]
    public async Task An_ended_parent_cannot_be_started_again_while_its_child_runs()
    {
        await using var t = new EngineUnderTest();
        t.Worker.Workflows["P"] = h => h.Raised("end") ? [Do.Complete()] : [Do.Child(0, "C", "c")];
        t.Worker.Workflows["C"] = _ => [];
        await t.StartAsync("p", "P");
        await t.Engine.WaitForStartAsync(new() { InstanceId = "c" }, EngineUnderTest.Soon);
        await t.RaiseAsync("p", "end");
        await t.EndAsync("p");
        (await Should.ThrowAsync<RpcException>(() => t.StartAsync("p", "P"))).Status.Detail
            .ShouldEndWith("cannot recreate workflow with ID 'p': child workflow 'c': orchestration has not yet completed");
    }

    [Fact]
    public async Task Without_a_worker_a_start_waits_and_leaves_nothing_behind_when_given_up()
    {
        await using var t = new EngineUnderTest(withWorker: false);
        using var given = new CancellationTokenSource();
        var start = t.Engine.StartAsync(new() { InstanceId = "a", Name = "W" }, given.Token);
        await given.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => start);
        t.Disk.Rows.ShouldBeEmpty();
        (await t.Engine.GetAsync(new() { InstanceId = "a" }, EngineUnderTest.Soon)).Exists.ShouldBeFalse();
        var again = t.StartAsync("a");
        t.Worker = new Worker(t.Engine);
        await t.Worker.NextTurnAsync();
        await t.AnswerAsync("a", Do.Complete());
        await again;
    }

    [Fact]
    public async Task Calls_on_a_missing_instance_say_so_and_waiting_for_it_waits()
    {
        await using var t = new EngineUnderTest();
        await EngineUnderTest.ShouldFailAsync(t.RaiseAsync("x", "E"), StatusCode.Unknown, "no such instance exists");
        await EngineUnderTest.ShouldFailAsync(t.Engine.SuspendAsync(new() { InstanceId = "x" }, default), StatusCode.Unknown, "no such instance exists");
        await EngineUnderTest.ShouldFailAsync(t.Engine.TerminateAsync(new() { InstanceId = "x" }, default), StatusCode.Unknown,
            "failed to submit termination request: no such instance exists");
        await EngineUnderTest.ShouldFailAsync(t.HistoryAsync("x"), StatusCode.NotFound, "workflow instance 'x' not found");
        await EngineUnderTest.ShouldFailAsync(PurgeAsync(t, "x"), StatusCode.Unknown, "failed to purge workflow state: no such instance exists");
        await EngineUnderTest.ShouldFailAsync(PurgeAsync(t, "x", force: true), StatusCode.Unknown,
            "failed to purge workflow state: no such instance exists");
        await EngineUnderTest.ShouldFailAsync(PurgeAsync(t, "x", recursive: true), StatusCode.Unknown,
            "failed to purge workflow state: failed to fetch workflow state: no such instance exists");
        var waiting = t.EndAsync("x");
        t.Worker.Workflows["W"] = _ => [Do.Complete("came")];
        await t.StartAsync("x");
        (await waiting).Output.ShouldBe("came");
    }

    [Fact]
    public async Task Events_to_an_ended_instance_are_taken_without_effect()
    {
        await using var t = new EngineUnderTest();
        t.Worker.Workflows["W"] = _ => [Do.Complete()];
        await t.StartAsync("a");
        await t.RaiseAsync("a", "E");
        await t.Engine.SuspendAsync(new() { InstanceId = "a" }, EngineUnderTest.Soon);
        await t.Engine.ResumeAsync(new() { InstanceId = "a" }, EngineUnderTest.Soon);
        await t.Engine.TerminateAsync(new() { InstanceId = "a" }, EngineUnderTest.Soon);
        (await t.GetAsync("a")).WorkflowStatus.ShouldBe(OrchestrationStatus.Completed);
        (await PurgeAsync(t, "a")).DeletedInstanceCount.ShouldBe(1);
        t.Disk.Rows.ShouldBeEmpty();
    }

    [Fact]
    public async Task Purging_removes_descendants_on_request_and_refuses_what_still_runs()
    {
        await using var t = new EngineUnderTest();
        t.Worker.Workflows["P"] = h => h.Done(0) ? [Do.Complete()] : [Do.Child(0, "C", "c")];
        t.Worker.Workflows["C"] = h => h.Raised("end") ? [Do.Complete()] : [];
        await t.StartAsync("p", "P");
        await EngineUnderTest.ShouldFailAsync(PurgeAsync(t, "p", recursive: true), StatusCode.Unknown,
            "failed to purge workflow state: orchestration has not yet completed");
        await t.Engine.WaitForStartAsync(new() { InstanceId = "c" }, EngineUnderTest.Soon);
        await t.RaiseAsync("c", "end");
        await t.EndAsync("p");
        (await PurgeAsync(t, "p", recursive: true)).DeletedInstanceCount.ShouldBe(2);
        t.Disk.Rows.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_forced_purge_takes_a_running_instance_with_its_outstanding_work()
    {
        await using var t = new EngineUnderTest();
        _ = t.StartAsync("a");
        await t.Worker.NextTurnAsync();
        (await PurgeAsync(t, "a", force: true)).DeletedInstanceCount.ShouldBe(1);
        await t.AnswerAsync("a", Do.Complete());
        t.Disk.Rows.ShouldBeEmpty();
        await EngineUnderTest.ShouldFailAsync(t.RaiseAsync("a", "E"), StatusCode.Unknown, "no such instance exists");
    }

    [Fact]
    public async Task Instances_are_listed_in_pages_in_key_order()
    {
        await using var t = new EngineUnderTest();
        t.Worker.Workflows["W"] = _ => [Do.Complete()];
        foreach (var id in new[] { "c", "a", "b" })
            await t.StartAsync(id);
        var page = await t.Engine.ListAsync(new() { PageSize = 2 }, default);
        page.InstanceIds.ShouldBe(["a", "b"]);
        page.ContinuationToken.ShouldBe("2");
        var last = await t.Engine.ListAsync(new() { PageSize = 2, ContinuationToken = "2" }, default);
        last.InstanceIds.ShouldBe(["c"]);
        last.HasContinuationToken.ShouldBeFalse();
        (await t.Engine.ListAsync(new() { ContinuationToken = "garbage" }, default)).InstanceIds.Count.ShouldBe(3);
    }

    [Fact]
    public async Task An_event_starts_a_scheduled_instance_before_its_time()
    {
        await using var t = new EngineUnderTest();
        await t.Engine.StartAsync(new() { InstanceId = "a", Name = "W", ScheduledStartTimestamp = new Timestamp { Seconds = 4102444800 } }, EngineUnderTest.Soon);
        (await t.GetAsync("a")).CreatedTimestamp.Seconds.ShouldBe(-62135596800);
        await t.RaiseAsync("a", "E");
        (await t.Worker.NextTurnAsync()).NewEvents.Select(e => e.EventTypeCase).ShouldBe([HistoryEvent.EventTypeOneofCase.WorkflowStarted,
            HistoryEvent.EventTypeOneofCase.ExecutionStarted, HistoryEvent.EventTypeOneofCase.EventRaised]);
    }

    [Theory]
    [InlineData("a||b", StatusCode.InvalidArgument)]
    [InlineData("a/b", StatusCode.Unknown)]
    [InlineData("a#b", StatusCode.Unknown)]
    public async Task Ids_that_cannot_be_stored_are_refused(string id, StatusCode code)
    {
        await using var t = new EngineUnderTest();
        (await Should.ThrowAsync<RpcException>(() => t.StartAsync(id))).StatusCode.ShouldBe(code);
    }

    public static TheoryData<string, WorkflowAction[]> ImpossibleAnswers => new()
    {
        { "action 4 has no type", [new WorkflowAction { Id = 4 }] },
        { "action 0 sends an event", [new WorkflowAction { SendEvent = new() }, Do.Complete()] },
        { "action 0 creates a detached workflow", [new WorkflowAction { CreateDetachedWorkflow = new() }] },
        { "action 0 terminates another workflow", [new WorkflowAction { TerminateWorkflow = new() }] },
        { "action 0 completes the workflow with the status Running", [Do.Complete(null, OrchestrationStatus.Running)] },
        { "action 1 has an id that the history already uses", [Do.Activity(1, "A"), Do.Activity(1, "B")] },
    };

    [Theory]
    [MemberData(nameof(ImpossibleAnswers))]
    public async Task Answers_that_would_hang_on_daprd_fail_the_workflow(string text, WorkflowAction[] actions)
    {
        await using var t = new EngineUnderTest();
        _ = t.StartAsync("a");
        await t.Worker.NextTurnAsync();
        await t.AnswerAsync("a", actions);
        var state = await t.EndAsync("a");
        state.WorkflowStatus.ShouldBe(OrchestrationStatus.Failed);
        state.FailureDetails.ErrorMessage.ShouldStartWith($"workflow 'a': {text}");
    }

    [Fact]
    public async Task An_instance_too_large_for_a_message_stalls()
    {
        await using var t = new EngineUnderTest(options: new WorkflowOptions("app", MaxMessageSize: 1000));
        _ = t.StartAsync("a", input: new string('x', 900));
        while ((await t.GetAsync("a"))?.WorkflowStatus != OrchestrationStatus.Stalled)
            await Task.Yield();
        (await t.HistoryAsync("a"))[0].ExecutionStalled.Reason.ShouldBe(StalledReason.PayloadSizeExceeded);
    }

    [Fact]
    public async Task Ended_instances_go_when_their_retention_is_over_also_after_a_restart()
    {
        var time = new ManualTime();
        var options = new WorkflowOptions("app") { Retention = new(AnyTerminal: TimeSpan.FromHours(1), Failed: TimeSpan.FromHours(9)) };
        await using var t = new EngineUnderTest(options: options, time: time);
        t.Worker.Workflows["W"] = h => [Do.Complete(null, h.Input == "fail" ? OrchestrationStatus.Failed : OrchestrationStatus.Completed)];
        await t.StartAsync("ok");
        await t.StartAsync("failed", input: "fail");
        await using var next = new EngineUnderTest(t.Disk, options, time: time);
        await next.Engine.RecoverAsync();
        time.Advance(TimeSpan.FromMinutes(61));
        while (t.Disk.Rows.Keys.Any(k => k.Contains("||ok||", StringComparison.Ordinal)))
            await Task.Yield();
        t.Disk.Rows.Keys.ShouldContain(k => k.Contains("||failed||", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_ended_workflow_can_run_again_from_one_of_its_steps()
    {
        await using var t = new EngineUnderTest();
        t.Worker.Activities["A"] = a => new() { InstanceId = a.WorkflowInstance.InstanceId, TaskId = a.TaskId, Result = a.Input };
        t.Worker.Workflows["W"] = h => !h.Done(0) ? [Do.Activity(0, "A", "0")] : !h.Done(1) ? [Do.Activity(1, "A", "1")] : [Do.Complete(h.Result(1))];
        await t.StartAsync("a");
        await t.EndAsync("a");
        await t.Engine.RerunAsync(new() { SourceInstanceId = "a", EventId = 1, NewInstanceId = "b", Input = "other", OverwriteInput = true }, EngineUnderTest.Soon);
        (await t.EndAsync("b")).Output.ShouldBe("other");
        (await t.HistoryAsync("b")).Single(e => e.EventId == 1).TaskScheduled.RerunParentInstanceInfo.InstanceId.ShouldBe("a");
        (await t.EndAsync("a")).Output.ShouldBe("1");
        await EngineUnderTest.ShouldFailAsync(t.Engine.RerunAsync(new() { SourceInstanceId = "x" }, default), StatusCode.NotFound,
            "workflow instance does not exist with ID 'x'");
    }

    private static Task<PurgeInstancesResponse> PurgeAsync(EngineUnderTest t, string id, bool recursive = false, bool force = false) =>
        t.Engine.PurgeAsync(new() { InstanceId = id, Recursive = recursive, Force = force }, EngineUnderTest.Soon);
}
