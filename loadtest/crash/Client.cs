using ConcertDapr.Wire.Workflows;
using Grpc.Core;

namespace ConcertDapr.Crash;

/// <summary>Brings one planned workflow to its end. What was acknowledged once is relied on ever after.</summary>
internal sealed class Client(Hub hub, Plan plan, Random random)
{
    public async Task RunAsync()
    {
        await StartAsync();
        foreach (var note in plan.Notes)
        {
            await Task.Delay(random.Next(20));
            await hub.AgainAsync("RaiseEvent", new RaiseEventRequest { InstanceId = plan.Id, Name = "note", Input = $"\"{note}\"" }, RaiseEventResponse.Parser);
        }
        if (plan.Kind == "Doomed")
        {
            await Task.Delay(random.Next(100));
            await hub.AgainAsync("TerminateInstance", new TerminateRequest { InstanceId = plan.Id, Recursive = true }, TerminateResponse.Parser);
        }
        await EndAsync();
        if (plan.IsPurged)
            await PurgeAsync();
    }

    /// <summary>A start whose answer got lost has happened or not: one looks before one starts again, for an ended workflow would run anew.</summary>
    private async Task StartAsync()
    {
        var request = new CreateInstanceRequest { InstanceId = plan.Id, Name = plan.Kind, Input = plan.Input };
        while (true)
        {
            try
            {
                await hub.OnceAsync("StartInstance", request, CreateInstanceResponse.Parser);
                return;
            }
            catch (RpcException e) when (e.StatusCode == StatusCode.AlreadyExists)
            {
                return;
            }
            catch (RpcException e) when (Hub.IsBroken(e))
            {
                await Task.Delay(50);
                if (await hub.GetAsync(plan.Id) is not null)
                    return;
            }
        }
    }

    private async Task EndAsync()
    {
        while (true)
        {
            if (await hub.GetAsync(plan.Id) is not { } state)
                throw new InvalidOperationException($"{plan.Id}: its start was acknowledged and it does not exist");
            if (state.WorkflowStatus is not (OrchestrationStatus.Pending or OrchestrationStatus.Running))
                return;
            try
            {
                await hub.OnceAsync("WaitForInstanceCompletion", new GetInstanceRequest { InstanceId = plan.Id }, GetInstanceResponse.Parser);
            }
            catch (RpcException e) when (Hub.IsBroken(e))
            {
                await Task.Delay(50);
            }
        }
    }

    private Task<PurgeInstancesResponse?> PurgeAsync() => hub.AgainAsync("PurgeInstances", new PurgeInstancesRequest { InstanceId = plan.Id, Recursive = true },
        PurgeInstancesResponse.Parser, e => e.Status.Detail.EndsWith("no such instance exists", StringComparison.Ordinal));
}
