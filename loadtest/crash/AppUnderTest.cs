using Dapr.Actors;
using Dapr.Actors.Runtime;
using Dapr.Workflow;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ConcertDapr.Crash;

/// <summary>The calls of <see cref="ClockActor"/>: none, it has reminders only.</summary>
public interface IClockActor : IActor;

/// <summary>Writes down each tick of its reminders.</summary>
[Actor(TypeName = Type)]
internal sealed class ClockActor(ActorHost host, Ledger ledger) : Actor(host), IClockActor, IRemindable
{
    public const string Type = "Clock";

    public Task ReceiveReminderAsync(string reminderName, byte[] state, TimeSpan dueTime, TimeSpan period)
    {
        ledger.Tick(Id.GetId(), reminderName);
        return Task.CompletedTask;
    }
}

/// <summary>The app that is killed: its workflow worker and its actor write what they do into a ledger.</summary>
internal static class AppUnderTest
{
    /// <summary>Runs until it is killed. The SDK finds its sidecar by DAPR_GRPC_PORT and DAPR_HTTP_PORT.</summary>
    public static async Task RunAsync(string port, string ledgerPath)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.UseSetting("urls", $"http://127.0.0.1:{port}");
        using var ledger = new Ledger(ledgerPath);
        builder.Services.AddSingleton(ledger);
        builder.Services.AddActors(actors =>
        {
            actors.Actors.RegisterActor<ClockActor>();
            actors.Actors.RegisterActor<TillActor>();
        });
        builder.Services.AddDaprWorkflow(workflows => Journeys.Register(workflows, ledger));
        await using var app = builder.Build();
        app.MapActorsHandlers();
        await app.RunAsync();
    }
}
