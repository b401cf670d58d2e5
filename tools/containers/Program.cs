using System.Runtime.InteropServices;
using ConcertDapr.Charts;
using ConcertDapr.Containers;

// Containers RENDERED-CHART WORK-FOLDER
using var stop = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
var chart = new Chart(Manifest.ParseAll(File.ReadAllText(args[0])));
await using var podman = new Podman(chart.Hosts, Path.Combine(args[1], "logs"), stop.Token);
try
{
    await new Check(chart, podman, args[1]).RunAsync();
    return 0;
}
catch (Exception e) when (e is CheckException or OperationCanceledException)
{
    await podman.SaveLogsAsync();
    await Console.Error.WriteLineAsync($"containers: {(stop.IsCancellationRequested ? "interrupted" : e.Message)}; the containers' logs are in {args[1]}/logs");
    return 1;
}

void Stop(PosixSignalContext context)
{
    // The containers are removed first.
    context.Cancel = true;
    stop.Cancel();
}
