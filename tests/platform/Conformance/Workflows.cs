using Dapr.Workflow;

namespace ConcertDapr.Tests;

/// <summary>The workflows and activities of the subject app.</summary>
public static class Workflows
{
    public static void Register(WorkflowRuntimeOptions options)
    {
        options.RegisterWorkflow<int, string>("Saga", async (context, amount) =>
        {
            context.SetCustomStatus("charging");
            var charge = await context.CallActivityAsync<string>("Charge", amount);
            try
            {
                await context.CallActivityAsync("Confirm", amount);
                return $"{charge}, confirmed";
            }
            catch (WorkflowTaskFailedException e) when (e.FailureDetails.IsCausedBy<InvalidOperationException>())
            {
                await context.CallActivityAsync("Refund", amount);
                return $"{charge}, refunded: {e.FailureDetails.ErrorMessage}";
            }
        });
        options.RegisterWorkflow<string, string>("Retry", (context, id) => context.CallActivityAsync<string>(
            "Flaky", id, new WorkflowTaskOptions(new WorkflowRetryPolicy(3, TimeSpan.FromMilliseconds(50)))));
        options.RegisterWorkflow<double, string>("Approval", async (context, seconds) =>
        {
            try
            {
                return await context.WaitForExternalEventAsync<string>("approved", TimeSpan.FromSeconds(seconds));
            }
            catch (TaskCanceledException)
            {
                return "timed out";
            }
        });
        options.RegisterWorkflow<int, int>("Rounds", async (context, round) =>
        {
            await context.CreateTimer(TimeSpan.FromMilliseconds(20));
            if (round < 4)
                context.ContinueAsNew(round + 1);
            return round;
        });
        options.RegisterWorkflow<int, string>("Parent", async (context, n) =>
        {
            var results = await Task.WhenAll(Enumerable.Range(0, n).Select(i => context.CallChildWorkflowAsync<string>("Child", i)));
            return string.Join(',', results);
        });
        options.RegisterWorkflow<int, string>("Child", (context, i) => context.CallActivityAsync<string>("Charge", i));
        options.RegisterWorkflow<string, string>("Wait", async (context, _) =>
        {
            await context.WaitForExternalEventAsync<string>("go");
            return await context.WaitForExternalEventAsync<string>("GO");
        });
        options.RegisterWorkflow<string, string>("Broken", (_, message) => throw new InvalidOperationException(message));
        options.RegisterActivity<int, string>("Charge", (_, amount) => Task.FromResult($"charged {amount}"));
        options.RegisterActivity<int, object?>("Confirm", (_, amount) =>
            amount > 100 ? throw new InvalidOperationException("seats gone") : Task.FromResult<object?>(null));
        options.RegisterActivity<int, object?>("Refund", (_, _) => Task.FromResult<object?>(null));
        options.RegisterActivity<Flaky>();
    }

    public sealed class Flaky(AppLog log) : WorkflowActivity<string, string>
    {
        public override Task<string> RunAsync(WorkflowActivityContext context, string input)
        {
            var attempt = log.Attempts.AddOrUpdate(input, 1, (_, n) => n + 1);
            return attempt < 3 ? throw new TimeoutException($"attempt {attempt}") : Task.FromResult($"attempt {attempt}");
        }
    }
}
