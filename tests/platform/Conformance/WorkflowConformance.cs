using Dapr.Workflow;
using Dapr.Workflow.Client;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;

namespace ConcertDapr.Tests;

/// <summary>Workflows from start to end: client, sidecar and worker.</summary>
public sealed class WorkflowConformance(SidecarUnderTest sidecar) : IDisposable
{
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(30));
    private readonly string _id = $"wf-{Guid.NewGuid():N}";

    private DaprWorkflowClient Client => sidecar.Services.GetRequiredService<DaprWorkflowClient>();

    public void Dispose() => _patience.Dispose();

    [Fact]
    public async Task A_saga_completes()
    {
        var state = await RunAsync("Saga", 50);
        state.RuntimeStatus.ShouldBe(WorkflowRuntimeStatus.Completed);
        (state.ReadOutputAs<string>(), state.ReadInputAs<int>(), state.WorkflowName).ShouldBe(("charged 50, confirmed", 50, "Saga"));
        state.ReadCustomStatusAs<string>().ShouldBe("charging");
        (state.IsWorkflowCompleted, state.IsWorkflowRunning, state.Exists).ShouldBe((true, false, true));
        (DateTimeOffset.UtcNow - state.CreatedAt).ShouldBeLessThan(TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task A_saga_compensates() =>
        (await RunAsync("Saga", 500)).ReadOutputAs<string>().ShouldBe("charged 500, refunded: seats gone");

    [Fact]
    public async Task A_flaky_activity_is_tried_until_it_works() =>
        (await RunAsync("Retry", _id)).ReadOutputAs<string>().ShouldBe("attempt 3");

    [Fact]
    public async Task A_failure_is_told_with_type_and_message()
    {
        var state = await RunAsync("Broken", "no way");
        state.RuntimeStatus.ShouldBe(WorkflowRuntimeStatus.Failed);
        (state.FailureDetails!.ErrorType, state.FailureDetails.ErrorMessage).ShouldBe(("System.InvalidOperationException", "no way"));
        (await RunAsync("NotRegistered", 1, "-2")).FailureDetails!.ErrorType.ShouldBe("WorkflowNotFound");
    }

    [Fact]
    public async Task An_event_in_time_is_taken_and_a_late_one_is_not()
    {
        await Client.ScheduleNewWorkflowAsync("Approval", _id, 60.0);
        await Client.RaiseEventAsync(_id, "Approved", "by ann");
        (await EndAsync(_id)).ReadOutputAs<string>().ShouldBe("by ann");
        (await RunAsync("Approval", 0.3, "-2")).ReadOutputAs<string>().ShouldBe("timed out");
    }

    [Fact]
    public async Task Events_are_kept_in_order_until_they_are_waited_for()
    {
        await Client.ScheduleNewWorkflowAsync("Wait", _id, "");
        await Client.RaiseEventAsync(_id, "go", "first");
        await Client.RaiseEventAsync(_id, "Go", "second");
        (await EndAsync(_id)).ReadOutputAs<string>().ShouldBe("second");
    }

    [Fact]
    public async Task Starting_over_keeps_the_id() => (await RunAsync("Rounds", 0)).ReadOutputAs<int>().ShouldBe(4);

    [Fact]
    public async Task Children_run_beside_each_other() =>
        (await RunAsync("Parent", 3)).ReadOutputAs<string>().ShouldBe("charged 0,charged 1,charged 2");

    [Fact]
    public async Task An_active_id_is_refused_and_a_finished_one_is_used_again()
    {
        await Client.ScheduleNewWorkflowAsync("Wait", _id, "");
        (await Should.ThrowAsync<RpcException>(() => Client.ScheduleNewWorkflowAsync("Wait", _id, "")))
            .StatusCode.ShouldBe(StatusCode.AlreadyExists);
        await Client.TerminateWorkflowAsync(_id);
        (await EndAsync(_id)).RuntimeStatus.ShouldBe(WorkflowRuntimeStatus.Terminated);
        (await RunAsync("Saga", 1)).ReadOutputAs<string>().ShouldBe("charged 1, confirmed");
    }

    [Fact]
    public async Task A_suspended_instance_resumes()
    {
        await Client.ScheduleNewWorkflowAsync("Wait", _id, "");
        await Client.SuspendWorkflowAsync(_id, "pause");
        (await Client.GetWorkflowStateAsync(_id)).RuntimeStatus.ShouldBe(WorkflowRuntimeStatus.Suspended);
        await Client.ResumeWorkflowAsync(_id);
        (await Client.GetWorkflowStateAsync(_id)).RuntimeStatus.ShouldBe(WorkflowRuntimeStatus.Running);
        await Client.TerminateWorkflowAsync(_id);
    }

    [Fact]
    public async Task A_purged_instance_is_gone()
    {
        await RunAsync("Saga", 1);
        (await Client.PurgeInstanceAsync(_id)).ShouldBeTrue();
        var state = await Client.GetWorkflowStateAsync(_id);
        (state.Exists, state.RuntimeStatus).ShouldBe((false, WorkflowRuntimeStatus.Unknown));
        (await Should.ThrowAsync<RpcException>(() => Client.RaiseEventAsync(_id, "e"))).Status.Detail.ShouldContain("no such instance exists");
    }

    [Fact]
    public async Task A_start_in_the_future_is_pending_until_then()
    {
        await Client.ScheduleNewWorkflowAsync("Saga", _id, 1, DateTimeOffset.UtcNow.AddSeconds(1.5), _patience.Token);
        (await Client.GetWorkflowStateAsync(_id)).RuntimeStatus.ShouldBe(WorkflowRuntimeStatus.Pending);
        (await EndAsync(_id)).ReadOutputAs<string>().ShouldBe("charged 1, confirmed");
    }

    [Fact]
    public async Task History_and_ids_can_be_listed()
    {
        await RunAsync("Saga", 1);
        var history = await Client.GetInstanceHistoryAsync(_id);
        history.Select(e => e.EventType).ShouldContain(WorkflowHistoryEventType.TaskCompleted);
        history[^1].EventType.ShouldBe(WorkflowHistoryEventType.ExecutionCompleted);
        var ids = new List<string>();
        WorkflowInstancePage? page = null;
        do
            ids.AddRange((page = await Client.ListInstanceIdsAsync(page?.ContinuationToken, 5)).InstanceIds);
        while (page.ContinuationToken is not null);
        ids.ShouldContain(_id);
    }

    [Fact]
    public async Task Fifty_at_once_all_end_well()
    {
        var ends = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => RunAsync("Saga", i, $"-{i}")));
        ends.Select(e => e.ReadOutputAs<string>()).ShouldBe(Enumerable.Range(0, 50).Select(i => $"charged {i}, confirmed"));
    }

    private async Task<WorkflowState> RunAsync(string name, object input, string suffix = "")
    {
        (await Client.ScheduleNewWorkflowAsync(name, _id + suffix, input)).ShouldBe(_id + suffix);
        return await EndAsync(_id + suffix);
    }

    private Task<WorkflowState> EndAsync(string id) => Client.WaitForWorkflowCompletionAsync(id, cancellation: _patience.Token);
}
