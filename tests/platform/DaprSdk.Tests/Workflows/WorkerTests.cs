using System.Threading.Channels;
using ConcertDapr.Wire;
using ConcertDapr.Wire.Workflows;
using Dapr.Workflow;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace ConcertDapr.Tests.Workflows;

/// <summary>The worker against a scripted sidecar: items go in, answers come out.</summary>
public sealed class WorkerTests
{
    [Fact]
    public async Task Items_are_answered_with_their_token_under_the_older_method_name()
    {
        await using var hub = await ScriptedHub.StartAsync();
        await using var worker = await WorkerHost.StartAsync(hub, o => o.RegisterWorkflow<string, string>("Greet", (_, who) => Task.FromResult($"hi {who}")));
        hub.Send(Start("Greet", "\"ann\""));
        var answer = await hub.WorkflowAnswers.ReadAsync();
        (answer.InstanceId, answer.CompletionToken).ShouldBe(("i", "t"));
        answer.Actions.ShouldHaveSingleItem().CompleteWorkflow.Result.ShouldBe("\"hi ann\"");
    }

    [Fact]
    public async Task Activities_get_their_services_and_say_what_went_wrong()
    {
        await using var hub = await ScriptedHub.StartAsync();
        await using var worker = await WorkerHost.StartAsync(
            hub,
            o =>
            {
                o.RegisterActivity<Charge>();
                o.RegisterActivity<int, string>("Boom", (_, _) => throw new TimeoutException("too late"));
                o.RegisterActivity<NeedsMissing>();
            },
            s => s.AddScoped<Account>());
        hub.Send(Activity("Charge", "5", 3, "exec-1"));
        var charged = await hub.ActivityAnswers.ReadAsync();
        (charged.TaskId, charged.Result, charged.CompletionToken).ShouldBe((3, "\"5 for i by Charge/exec-1\"", "t"));

        hub.Send(Activity("Charge", "6", 4));
        (await hub.ActivityAnswers.ReadAsync()).Result.ShouldBe("\"6 for i by Charge/4\"");
        hub.Send(Activity("Boom", "1", 5));
        var failed = (await hub.ActivityAnswers.ReadAsync()).FailureDetails;
        (failed.ErrorType, failed.ErrorMessage).ShouldBe(("System.TimeoutException", "too late"));
        hub.Send(Activity("Nobody", "1", 6));
        (await hub.ActivityAnswers.ReadAsync()).FailureDetails.ErrorType.ShouldBe("ActivityNotFoundException");
        hub.Send(Activity("NeedsMissing", "1", 7));
        (await hub.ActivityAnswers.ReadAsync()).FailureDetails.ErrorMessage.ShouldContain("failed to activate");
    }

    [Fact]
    public async Task An_answer_that_is_too_large_becomes_a_failure_of_the_item()
    {
        await using var hub = await ScriptedHub.StartAsync(limit: 200);
        await using var worker = await WorkerHost.StartAsync(hub, o =>
        {
            o.RegisterWorkflow<string, string>("Big", (_, _) => Task.FromResult(new string('x', 500)));
            o.RegisterActivity<string, string>("BigStep", (_, _) => Task.FromResult(new string('x', 500)));
        });
        hub.Send(Start("Big", "\"\""));
        (await hub.WorkflowAnswers.ReadAsync()).Actions[0].CompleteWorkflow.FailureDetails.ErrorType.ShouldBe("PayloadTooLarge");
        hub.Send(Activity("BigStep", "\"\"", 1));
        var answer = await hub.ActivityAnswers.ReadAsync();
        answer.Result.ShouldBeNull();
        answer.FailureDetails.ErrorType.ShouldBe("PayloadTooLarge");
    }

    [Fact]
    public async Task An_answer_that_got_lost_is_sent_again()
    {
        await using var hub = await ScriptedHub.StartAsync(lost: 2);
        await using var worker = await WorkerHost.StartAsync(hub, o => o.RegisterWorkflow<string, string>("Greet", (_, _) => Task.FromResult("hi")));
        hub.Send(Start("Greet", ""));
        (await hub.WorkflowAnswers.ReadAsync()).Actions.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task The_worker_connects_soon_after_the_sidecar_appears()
    {
        var port = FreePort();
        await using var worker = await WorkerHost.StartAsync($"http://127.0.0.1:{port}", o => o.RegisterWorkflow<string, string>("Greet", (_, _) => Task.FromResult("hi")));
        await using var hub = await ScriptedHub.StartAsync(port: port);
        hub.Send(Start("Greet", ""));
        (await hub.WorkflowAnswers.ReadAsync()).Actions.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task The_client_starts_reads_and_steers_instances()
    {
        var asked = Channel.CreateUnbounded<object>();
        T Note<T>(object request, T answer)
        {
            asked.Writer.TryWrite(request);
            return answer;
        }

        var state = new ConcertDapr.Wire.Workflows.WorkflowState
        {
            InstanceId = "p", Name = "Pay", WorkflowStatus = OrchestrationStatus.Failed, Input = "5", CustomStatus = "\"refunding\"",
            CreatedTimestamp = Timestamp.FromDateTimeOffset(DateTimeOffset.UnixEpoch),
            FailureDetails = new TaskFailureDetails { ErrorType = "X", ErrorMessage = "no" },
        };
        await using var sidecar = await FakeSidecar.StartAsync(s => s
            .TaskHub("StartInstance", CreateInstanceRequest.Parser, r => Note(r, new CreateInstanceResponse { InstanceId = r.InstanceId }))
            .TaskHub("GetInstance", GetInstanceRequest.Parser, r => Note(r, r.InstanceId == "p"
                ? new GetInstanceResponse { Exists = true, WorkflowState = state } : new GetInstanceResponse()))
            .TaskHub("WaitForInstanceCompletion", GetInstanceRequest.Parser, r => Note(r, new GetInstanceResponse { Exists = true, WorkflowState = state }))
            .TaskHub("RaiseEvent", RaiseEventRequest.Parser, r => Note(r, new RaiseEventResponse()))
            .TaskHub("TerminateInstance", TerminateRequest.Parser, r => Note(r, new TerminateResponse()))
            .TaskHub("PurgeInstances", PurgeInstancesRequest.Parser, r => Note(r, new PurgeInstancesResponse { DeletedInstanceCount = 2 }))
            .TaskHub<SuspendRequest, SuspendResponse>("SuspendInstance", SuspendRequest.Parser, _ =>
                throw GrpcFraming.Error(StatusCode.Unknown, "no such instance exists")));
        using var client = new Dapr.Workflow.Registration.DaprWorkflowClientBuilder().UseGrpcEndpoint(sidecar.Address).Build();

        (await client.ScheduleNewWorkflowAsync("Pay", "p", new { Amount = 5 })).ShouldBe("p");
        var start = (CreateInstanceRequest)await asked.Reader.ReadAsync();
        (start.Name, start.Input, start.ScheduledStartTimestamp).ShouldBe(("Pay", """{"amount":5}""", null));
        Guid.TryParse(await client.ScheduleNewWorkflowAsync("Pay"), out _).ShouldBeTrue();
        ((CreateInstanceRequest)await asked.Reader.ReadAsync()).Input.ShouldBe("");

        var found = await client.GetWorkflowStateAsync("p");
        (found.Exists, found.IsWorkflowCompleted, found.RuntimeStatus, found.ReadInputAs<int>(), found.ReadCustomStatusAs<string>(), found.ReadOutputAs<string>())
            .ShouldBe((true, true, WorkflowRuntimeStatus.Failed, 5, "refunding", null));
        found.FailureDetails!.ErrorMessage.ShouldBe("no");
        found.CreatedAt.ShouldBe(DateTimeOffset.UnixEpoch);
        var missing = await client.GetWorkflowStateAsync("q");
        (missing.Exists, missing.RuntimeStatus).ShouldBe((false, WorkflowRuntimeStatus.Unknown));
        (await client.WaitForWorkflowCompletionAsync("p")).ReadInputAs<int>().ShouldBe(5);

        await client.RaiseEventAsync("p", "e");
        await client.TerminateWorkflowAsync("p", "why");
        (await client.PurgeInstanceAsync("p")).ShouldBeTrue();
        (await Should.ThrowAsync<RpcException>(() => client.SuspendWorkflowAsync("p"))).Status.Detail.ShouldBe("no such instance exists");
        var rest = new List<object>();
        while (asked.Reader.TryRead(out var request))
            rest.Add(request);
        rest.OfType<RaiseEventRequest>().Single().Input.ShouldBe("");
        rest.OfType<TerminateRequest>().Single().ShouldSatisfyAllConditions(t => t.Output.ShouldBe("\"why\""), t => t.Recursive.ShouldBeTrue());
        rest.OfType<PurgeInstancesRequest>().Single().Recursive.ShouldBeTrue();
    }

    [Fact]
    public async Task A_cancelled_call_is_a_grpc_error_and_a_cancelled_wait_is_a_cancellation()
    {
        async Task<GetInstanceResponse> Hang(GetInstanceRequest request, GrpcCall call)
        {
            await Task.Delay(Timeout.Infinite, call.Cancellation);
            return new GetInstanceResponse();
        }

        await using var sidecar = await FakeSidecar.StartAsync(s => s
            .Unary("/TaskHubSidecarService/GetInstance", GetInstanceRequest.Parser, Hang)
            .Unary("/TaskHubSidecarService/WaitForInstanceStart", GetInstanceRequest.Parser, Hang));
        using var client = new Dapr.Workflow.Registration.DaprWorkflowClientBuilder().UseGrpcEndpoint(sidecar.Address).Build();
        using var soon = new CancellationTokenSource(50);
        (await Should.ThrowAsync<RpcException>(() => client.GetWorkflowStateAsync("p", cancellation: soon.Token)))
            .StatusCode.ShouldBe(StatusCode.Cancelled);
        await Should.ThrowAsync<OperationCanceledException>(() => client.WaitForWorkflowStartAsync("p", cancellation: soon.Token));
    }

    [Fact]
    public async Task A_wait_outlives_a_sidecar_that_is_away_for_a_moment()
    {
        var calls = 0;
        await using var sidecar = await FakeSidecar.StartAsync(s => s.TaskHub("WaitForInstanceStart", GetInstanceRequest.Parser, _ => ++calls < 3
            ? throw GrpcFraming.Error(StatusCode.Unavailable, "away")
            : new GetInstanceResponse { Exists = true, WorkflowState = new() { Name = "W" } }));
        using var client = new Dapr.Workflow.Registration.DaprWorkflowClientBuilder().UseGrpcEndpoint(sidecar.Address).Build();
        (await client.WaitForWorkflowStartAsync("p")).WorkflowName.ShouldBe("W");
    }

    [Fact]
    public void Only_the_concrete_client_is_registered()
    {
        using var provider = new ServiceCollection().AddDaprWorkflow(_ => { }).BuildServiceProvider();
        provider.GetService<DaprWorkflowClient>().ShouldNotBeNull();
        provider.GetService<IDaprWorkflowClient>().ShouldBeNull();
        provider.GetServices<IHostedService>().ShouldHaveSingleItem();
    }

    private static WorkItem Start(string name, string input) => new()
    {
        CompletionToken = "t",
        WorkflowRequest = new WorkflowRequest
        {
            InstanceId = "i",
            NewEvents =
            {
                new HistoryEvent { EventId = -1, Timestamp = Timestamp.FromDateTime(DateTime.UtcNow), WorkflowStarted = new() },
                new HistoryEvent { EventId = -1, Timestamp = Timestamp.FromDateTime(DateTime.UtcNow), ExecutionStarted = new() { Name = name, Input = input } },
            },
        },
    };

    private static WorkItem Activity(string name, string input, int id, string execution = "") => new()
    {
        CompletionToken = "t",
        ActivityRequest = new ActivityRequest
        {
            Name = name, Input = input, TaskId = id, TaskExecutionId = execution, WorkflowInstance = new WorkflowInstance { InstanceId = "i" },
        },
    };

    private static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }

    internal sealed class Account;

    internal sealed class Charge(Account account) : WorkflowActivity<int, string>
    {
        public override Task<string> RunAsync(WorkflowActivityContext context, int input) => Task.FromResult(
            account is null ? "" : $"{input} for {context.InstanceId} by {context.Identifier}/{context.TaskExecutionKey}");
    }

    internal sealed class NeedsMissing(HttpClient missing) : WorkflowActivity<int, string>
    {
        public override Task<string> RunAsync(WorkflowActivityContext context, int input) => missing.GetStringAsync("/");
    }
}
