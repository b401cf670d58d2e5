using Dapr.Workflow;

namespace ConcertDapr.Crash;

/// <summary>The workflows under test. What each must come to is computed once more, without a runtime, in <see cref="Plan"/>.</summary>
internal static class Journeys
{
    public const int ChainLength = 4;
    public const int FanWidth = 5;
    public const int Rounds = 4;
    public const int Notes = 4;
    public const int Stumbles = 2;
    public const int Refusals = 3;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(15);

    public static void Register(WorkflowRuntimeOptions options, Ledger ledger)
    {
        options.RegisterWorkflow<int, int>("Chain", ChainAsync);
        options.RegisterWorkflow<int, int>("Fan", FanAsync);
        options.RegisterWorkflow<int, int>("Family", FamilyAsync);
        options.RegisterWorkflow<Round, int>("Loop", LoopAsync);
        options.RegisterWorkflow<int, string>("Listener", ListenAsync);
        options.RegisterWorkflow<Round, string>("Gatherer", GatherAsync);
        options.RegisterWorkflow<int, int>("Flaky", StumbleAsync);
        options.RegisterWorkflow<int, int>("Grumble", GrumbleAsync);
        options.RegisterWorkflow<int, int>("Doomed", (context, carry) => context.CallChildWorkflowAsync<int>("Waiting", carry, ChildOf(context, "w")));
        options.RegisterWorkflow<int, int>("Waiting", async (context, carry) =>
            await WorkAsync(context, "waiting", carry) + await context.WaitForExternalEventAsync<int>("never"));
        options.RegisterActivity<Step, int>("Work", (context, step) => Task.FromResult(ledger.Effect(context.InstanceId, step)));
        options.RegisterActivity<Step, int>("Stumble", (context, step) => Task.FromResult(ledger.Attempt(context.InstanceId, step) > Stumbles
            ? ledger.Effect(context.InstanceId, step)
            : throw new InvalidOperationException("not yet")));
        options.RegisterActivity<Step, int>("Refuse", (_, _) => throw new InvalidOperationException("never"));
    }

    private static Task<int> WorkAsync(WorkflowContext context, string effect, int carry) =>
        context.CallActivityAsync<int>("Work", new Step(effect, carry));

    private static ChildWorkflowTaskOptions ChildOf(WorkflowContext context, string name) => new($"{context.InstanceId}-{name}");

    private static async Task<int> ChainAsync(WorkflowContext context, int carry)
    {
        for (var i = 0; i < ChainLength; i++)
            carry = await WorkAsync(context, $"chain/{i}", carry);
        return carry;
    }

    private static async Task<int> FanAsync(WorkflowContext context, int carry)
    {
        var timer = context.CreateTimer(s_pause);
        var parts = await Task.WhenAll(Enumerable.Range(0, FanWidth).Select(i => WorkAsync(context, $"fan/{i}", carry)));
        await timer;
        return await WorkAsync(context, "fan/sum", parts.Sum());
    }

    private static async Task<int> FamilyAsync(WorkflowContext context, int carry)
    {
        var chain = context.CallChildWorkflowAsync<int>("Chain", carry, ChildOf(context, "a"));
        var fan = context.CallChildWorkflowAsync<int>("Fan", carry, ChildOf(context, "b"));
        var loop = context.CallChildWorkflowAsync<int>("Loop", Round.First(carry), ChildOf(context, "c"));
        return await WorkAsync(context, "family", await chain + await fan + await loop);
    }

    private static async Task<int> LoopAsync(WorkflowContext context, Round round)
    {
        var carry = await WorkAsync(context, $"loop/{round.Number}", round.Carry);
        await context.CreateTimer(s_pause);
        if (round.Number + 1 == Rounds)
            return carry;
        context.ContinueAsNew(new Round(round.Number + 1, carry, []));
        return 0;
    }

    private static async Task<string> ListenAsync(WorkflowContext context, int carry)
    {
        var seen = new SortedSet<string>(StringComparer.Ordinal);
        while (seen.Count < Notes)
        {
            if (seen.Add(await context.WaitForExternalEventAsync<string>("note", TimeSpan.FromHours(1))))
                carry = await WorkAsync(context, $"listener/{seen.Count}", carry);
        }
        return $"{carry} {string.Join(' ', seen)}";
    }

    private static async Task<string> GatherAsync(WorkflowContext context, Round round)
    {
        var note = await context.WaitForExternalEventAsync<string>("note");
        var seen = round.Seen.Contains(note) ? round.Seen : [.. round.Seen, note];
        var carry = await WorkAsync(context, $"gatherer/{round.Number}", round.Carry);
        if (seen.Length == Notes)
            return string.Join(' ', seen.Order(StringComparer.Ordinal));
        context.ContinueAsNew(new Round(round.Number + 1, carry, seen));
        return "";
    }

    private static async Task<int> StumbleAsync(WorkflowContext context, int carry)
    {
        var retries = new WorkflowTaskOptions(new WorkflowRetryPolicy(Stumbles + 1, s_pause));
        carry = await context.CallActivityAsync<int>("Stumble", new Step("stumble", carry), retries);
        try
        {
            await context.CallActivityAsync<int>("Refuse", new Step("refuse", carry), new(new WorkflowRetryPolicy(Refusals, s_pause)));
        }
        catch (WorkflowTaskFailedException)
        {
            carry = await WorkAsync(context, "undo", carry);
        }
        try
        {
            await context.CallChildWorkflowAsync<int>("Grumble", carry, new ChildWorkflowTaskOptions(RetryPolicy: new(Refusals, s_pause)));
        }
        catch (WorkflowTaskFailedException)
        {
            carry = await WorkAsync(context, "undo again", carry);
        }
        return carry;
    }

    private static async Task<int> GrumbleAsync(WorkflowContext context, int carry)
    {
        await WorkAsync(context, "grumble", carry);
        throw new InvalidOperationException("never");
    }
}
