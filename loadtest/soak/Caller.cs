using Dapr.Client;
using Dapr.Workflow;

namespace ConcertDapr.Soak;

/// <summary>What all callers use.</summary>
internal sealed record Clients(HttpClient Http, DaprClient Grpc, DaprWorkflowClient Workflows);

/// <summary>
/// One proper caller. Its keys are its own, so it knows what every answer has to be. What it does follows from the seed and its
/// number.
/// </summary>
internal sealed partial class Caller
{
    private const string Store = "statestore";
    private const int Keys = 8;

    private readonly Clients clients;
    private readonly int number;
    private readonly Random random;
    private readonly (string Name, int Weight, Func<Task> Call)[] kinds;
    private readonly int[] values = new int[Keys];
    private int counted;
    private int guarded;
    private int made;

    public Caller(Clients clients, int seed, int number)
    {
        (this.clients, this.number, random) = (clients, number, new Random(HashCode.Combine(seed, number)));
        kinds =
        [
            ("HTTP get", 140, HttpGetAsync), ("HTTP save", 100, HttpSaveAsync), ("HTTP compare-and-set", 80, HttpCompareAndSetAsync),
            ("HTTP transaction", 50, HttpTransactAsync), ("HTTP bulk get", 50, HttpBulkAsync), ("HTTP delete", 20, HttpDeleteAsync),
            ("gRPC get", 120, GrpcGetAsync), ("gRPC save", 60, GrpcSaveAsync), ("gRPC compare-and-set", 60, GrpcCompareAndSetAsync),
            ("gRPC transaction", 30, GrpcTransactAsync), ("gRPC bulk get", 30, GrpcBulkAsync),
            ("HTTP lock", 30, HttpLockAsync), ("gRPC lock", 30, GrpcLockAsync),
            ("HTTP publish", 30, HttpPublishAsync), ("gRPC publish", 30, GrpcPublishAsync), ("invocation", 70, InvokeAsync),
            ("actor call", 40, ActorAsync), ("timer", 12, TimerAsync), ("reminder", 12, ReminderAsync), ("workflow", 6, WorkflowAsync),
            ("workflow that waits", 4, WaitingWorkflowAsync),
        ];
    }

    /// <summary>Events this caller has published.</summary>
    public int Published { get; private set; }

    /// <summary>Sends a request of some kind.</summary>
    public Task CallAsync()
    {
        var draw = random.Next(kinds.Sum(kind => kind.Weight));
        foreach (var (name, weight, call) in kinds)
            if ((draw -= weight) < 0) return NamedAsync(name, call);
        throw new InvalidOperationException("the weights do not add up");
    }

    /// <summary>Sends one request of every kind.</summary>
    public async Task CallEachAsync()
    {
        foreach (var (name, _, call) in kinds) await NamedAsync(name, call);
    }

    private static async Task NamedAsync(string name, Func<Task> call)
    {
        try
        {
            await call();
        }
        catch (Exception e) when (e is not WrongAnswerException)
        {
            throw new WrongAnswerException($"{name}: {e}");
        }
    }

    private async Task HttpLockAsync()
    {
        var body = new { resourceId = $"seat{number}", lockOwner = "me", expiryInSeconds = 60 };
        Check("lock", await PostAsync("/v1.0-alpha1/lock/lockstore", body), 200, """{"success":true}""");
        Check("unlock", await PostAsync("/v1.0-alpha1/unlock/lockstore", body), 200, """{"status":0}""");
    }

    private async Task GrpcLockAsync()
    {
        var taken = await clients.Grpc.Lock("lockstore", $"row{number}", "me", 60);
        WrongAnswerException.Unless(taken.Success, "gRPC lock", "not taken");
        var left = await clients.Grpc.Unlock("lockstore", $"row{number}", "me");
        WrongAnswerException.Unless(left.status == LockStatus.Success, "gRPC unlock", left.status);
    }

    private async Task HttpPublishAsync()
    {
        Check("publish", await PostAsync("/v1.0/publish/pubsub/soak", new { number, at = ++Published }), 204, "");
    }

    private async Task GrpcPublishAsync()
    {
        await clients.Grpc.PublishEventAsync("pubsub", "soak", new { number, at = Published + 1 });
        Published++;
    }

    private async Task InvokeAsync()
    {
        var text = $"\"{number}: {new string('x', random.Next(2000))}\"";
        using var content = new StringContent(text, System.Text.Encoding.UTF8, "application/json");
        Check("invoke", await AnswerAsync(await clients.Http.PostAsync(At($"/v1.0/invoke/{SoakApp.Id}/method/echo"), content)), 200, text);
    }

    private async Task ActorAsync() =>
        Check("actor", await PostAsync($"/v1.0/actors/Counter/{number}/method/add", 1), 200, $"{++counted}");

    private async Task TimerAsync()
    {
        var path = $"/v1.0/actors/Counter/{number}/timers/t{random.Next(4)}";
        Check("timer", await PostAsync(path, new { dueTime = "1h", period = "1h", callback = "tick" }), 204, "");
        Check("timer's end", await DeleteAsync(path), 204, "");
    }

    private async Task ReminderAsync()
    {
        var path = $"/v1.0/actors/Counter/{number}/reminders/r{random.Next(4)}";
        Check("reminder", await PostAsync(path, new { dueTime = "1h", period = "1h", data = "x" }), 204, "");
        Check("reminder's end", await DeleteAsync(path), 204, "");
    }

    private async Task WorkflowAsync()
    {
        var id = $"w{number}-{++made}";
        await clients.Workflows.ScheduleNewWorkflowAsync(SoakApp.Workflow, id, input: number);
        await EndAsync(id, number + 2);
    }

    private async Task WaitingWorkflowAsync()
    {
        var id = $"w{number}-{++made}";
        await clients.Workflows.ScheduleNewWorkflowAsync(SoakApp.WaitingWorkflow, id, input: 30);
        await clients.Workflows.RaiseEventAsync(id, "go", made);
        await EndAsync(id, made);
    }

    private async Task EndAsync(string id, int output)
    {
        var state = await clients.Workflows.WaitForWorkflowCompletionAsync(id);
        WrongAnswerException.Unless(state.ReadOutputAs<int>() == output, "workflow", state.RuntimeStatus);
        var purged = await clients.Workflows.PurgeInstanceAsync(id);
        WrongAnswerException.Unless(purged, "workflow's purge", purged);
    }
}
