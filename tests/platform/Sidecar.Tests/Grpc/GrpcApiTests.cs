using System.Runtime.CompilerServices;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using ConcertDapr.Wire;
using ConcertDapr.Wire.Rpc;
using ConcertDapr.Wire.Runtime;
using ConcertDapr.Wire.Workflows;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace ConcertDapr.Tests.GrpcApi;

/// <summary>The sidecar's gRPC port from outside, and the workflow API over HTTP.</summary>
public sealed class GrpcApiTests
{
    [Fact]
    public async Task State_is_saved_read_and_compared_by_etag()
    {
        await using var t = await GrpcSidecar.StartAsync();
        await t.DaprAsync("SaveState", Save("k", "1"), Empty.Parser);
        var read = await t.DaprAsync("GetState", new GetStateRequest { StoreName = "memory", Key = "k" }, GetStateResponse.Parser);
        read.Data.ToStringUtf8().ShouldBe("1");
        await t.DaprAsync("SaveState", Save("k", "2", read.Etag), Empty.Parser);
        var error = await GrpcSidecar.ShouldFailAsync(t.DaprAsync("SaveState", Save("k", "3", read.Etag), Empty.Parser), StatusCode.Aborted);
        error.GetDetail<ErrorInfo>()!.Reason.ShouldBe("ERR_STATE_SAVE");
        await t.DaprAsync("DeleteState", new DeleteStateRequest { StoreName = "memory", Key = "k" }, Empty.Parser);
        (await t.DaprAsync("GetState", new GetStateRequest { StoreName = "memory", Key = "k" }, GetStateResponse.Parser)).Etag.ShouldBe("");
    }

    [Fact]
    public async Task A_transaction_applies_all_operations_and_bulk_reads_keep_the_order()
    {
        await using var t = await GrpcSidecar.StartAsync();
        await t.DaprAsync("ExecuteStateTransaction", new ExecuteStateTransactionRequest
        {
            StoreName = "memory",
            Operations =
            {
                new TransactionalStateOperation { OperationType = "upsert", Request = new() { Key = "a", Value = ByteString.CopyFromUtf8("1") } },
                new TransactionalStateOperation { OperationType = "upsert", Request = new() { Key = "b", Value = ByteString.CopyFromUtf8("2") } },
                new TransactionalStateOperation { OperationType = "delete", Request = new() { Key = "a" } },
            },
        }, Empty.Parser);
        var bulk = await t.DaprAsync("GetBulkState", new GetBulkStateRequest { StoreName = "memory", Keys = { "b", "a" } }, GetBulkStateResponse.Parser);
        bulk.Items.Select(i => (i.Key, i.Data.ToStringUtf8())).ShouldBe([("b", "2"), ("a", "")]);
    }

    [Fact]
    public async Task An_unknown_store_or_topic_is_refused_with_details()
    {
        await using var t = await GrpcSidecar.StartAsync();
        var store = await GrpcSidecar.ShouldFailAsync(
            t.DaprAsync("GetState", new GetStateRequest { StoreName = "no" }, GetStateResponse.Parser), StatusCode.InvalidArgument);
        store.GetDetail<ErrorInfo>()!.Reason.ShouldBe("DAPR_STATE_NOT_FOUND");
        var bus = await GrpcSidecar.ShouldFailAsync(
            t.DaprAsync("PublishEvent", new PublishEventRequest { PubsubName = "bus" }, Empty.Parser), StatusCode.InvalidArgument);
        bus.GetDetail<ResourceInfo>()!.ResourceName.ShouldBe("bus");
        await t.DaprAsync("PublishEvent", new PublishEventRequest { PubsubName = "bus", Topic = "t" }, Empty.Parser);
    }

    [Fact]
    public async Task Metadata_counts_connected_workers_until_they_leave()
    {
        await using var t = await GrpcSidecar.StartAsync();
        (await WorkersAsync()).ShouldBe(0);
        using (var stop = new CancellationTokenSource())
        {
            _ = Collect(t, stop.Token);
            while (await WorkersAsync() != 1) { }
            await stop.CancelAsync();
        }
        while (await WorkersAsync() != 0) { }

        async Task<int> WorkersAsync() =>
            (await t.DaprAsync("GetMetadata", new GetMetadataRequest(), GetMetadataResponse.Parser)).Workflows.ConnectedWorkers;
    }

    [Fact]
    public async Task A_workflow_runs_over_the_wire_from_start_to_end()
    {
        await using var t = await GrpcSidecar.StartAsync();
        using var stop = new CancellationTokenSource();
        _ = Answer(t, stop.Token);
        await t.TaskHubAsync("StartInstance", new CreateInstanceRequest { InstanceId = "w", Name = "W", Input = "5" }, CreateInstanceResponse.Parser);
        var end = await t.TaskHubAsync("WaitForInstanceCompletion", new GetInstanceRequest { InstanceId = "w", GetInputsAndOutputs = true }, GetInstanceResponse.Parser);
        end.WorkflowState.Output.ShouldBe("done 5");
        await stop.CancelAsync();
    }

    [Fact]
    public async Task The_older_workflow_api_starts_shows_and_purges_over_http()
    {
        await using var t = await GrpcSidecar.StartAsync();
        using var stop = new CancellationTokenSource();
        _ = Answer(t, stop.Token);
        var started = await t.Http.PostAsync("/v1.0/workflows/dapr/W/start?instanceID=h-1", new StringContent("7"));
        started.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        (await started.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("instanceID").GetString().ShouldBe("h-1");
        await t.TaskHubAsync("WaitForInstanceCompletion", new GetInstanceRequest { InstanceId = "h-1" }, GetInstanceResponse.Parser);
        var shown = await t.Http.GetFromJsonAsync<JsonElement>("/v1.0/workflows/dapr/h-1");
        shown.GetProperty("runtimeStatus").GetString().ShouldBe("COMPLETED");
        shown.GetProperty("properties").GetProperty("dapr.workflow.output").GetString().ShouldBe("done 7");
        (await t.Http.PostAsync("/v1.0/workflows/dapr/h-1/purge", null)).StatusCode.ShouldBe(HttpStatusCode.Accepted);
        (await t.Http.GetAsync("/v1.0/workflows/dapr/h-1")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await t.Http.PostAsync("/v1.0/workflows/dapr/h-1/terminate", null)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await t.Http.PostAsync("/v1.0/workflows/dapr/W/start?instanceID=bad%20id", null)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        await stop.CancelAsync();
    }

    private static SaveStateRequest Save(string key, string value, string? etag = null) => new()
    {
        StoreName = "memory",
        States = { new StateItem { Key = key, Value = ByteString.CopyFromUtf8(value), Etag = etag is null ? null : new() { Value = etag } } },
    };

    private static async Task Collect(GrpcSidecar t, CancellationToken token)
    {
        await foreach (var _ in Items(t, token)) { }
    }

    private static ConfiguredCancelableAsyncEnumerable<WorkItem> Items(GrpcSidecar t, CancellationToken token) =>
        t.Client.StreamAsync("/TaskHubSidecarService/GetWorkItems", new GetWorkItemsRequest(), WorkItem.Parser).WithCancellation(token);

    /// <summary>A worker whose workflow has one activity, <c>done {input}</c>.</summary>
    private static async Task Answer(GrpcSidecar t, CancellationToken token)
    {
        await foreach (var item in Items(t, token))
            if (item.ActivityRequest is { } activity)
                await t.TaskHubAsync("CompleteActivityTask", new ActivityResponse
                {
                    InstanceId = activity.WorkflowInstance.InstanceId,
                    TaskId = activity.TaskId,
                    Result = "done " + activity.Input,
                }, CompleteTaskResponse.Parser);
            else
                await t.TaskHubAsync("CompleteOrchestratorTask", Turn(item.WorkflowRequest), CompleteTaskResponse.Parser);
    }

    private static WorkflowResponse Turn(WorkflowRequest turn)
    {
        var result = turn.NewEvents.FirstOrDefault(e => e.TaskCompleted is not null)?.TaskCompleted.Result;
        var action = result is null
            ? new WorkflowAction { ScheduleTask = new() { Name = "A", Input = turn.NewEvents[1].ExecutionStarted.Input } }
            : new WorkflowAction { CompleteWorkflow = new() { WorkflowStatus = OrchestrationStatus.Completed, Result = result } };
        return new() { InstanceId = turn.InstanceId, Actions = { action } };
    }
}
