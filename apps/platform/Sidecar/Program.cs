using System.Runtime.InteropServices;
using ConcertDapr.Sidecar;
using Microsoft.Extensions.Logging;

try
{
    var options = CommandLine.Parse(args, Environment.GetEnvironmentVariable);
    using var console = new ConsoleLog(options.AppId, LogLevel.Information);
    using var loggers = new LoggerFactory([console]);
    var told = new TaskCompletionSource();
    using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
    using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
    await using var host = await SidecarHost.StartAsync(options, loggers);
    await Task.WhenAny(told.Task, host.ShutdownRequested);
    return 0;

    void Stop(PosixSignalContext context)
    {
        // Without this the runtime would end the process before the sidecar has stopped.
        context.Cancel = true;
        told.TrySetResult();
    }
}
catch (SidecarStartException e)
{
    await Console.Error.WriteLineAsync($"level=fatal msg=\"Fatal error from runtime: {e.Message}\"");
    return 1;
}
