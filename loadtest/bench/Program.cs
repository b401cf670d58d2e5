using System.Globalization;
using ConcertDapr.Bench;

try
{
    var options = BenchOptions.Parse(args);
    var table = new Table();
    var now = DateTime.UtcNow.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
    Console.WriteLine($"{Environment.ProcessorCount} processors, {now} UTC, load {Load()}");
    if (options.Only is null or "sidecars") await new SidecarCosts(table).RunAsync();
    if (options.Only is null or "dapr") await DaprCosts.RunPartsAsync(options, table);
    if (BenchOptions.DaprParts.Contains(options.Only)) await new DaprCosts(options, table).RunAsync();
    if (options.Only is null or "purchases") await new Purchases(options, table).RunAsync();
    table.Print();
    return 0;
}
catch (Exception e) when (e is FormatException or InvalidOperationException or IOException or HttpRequestException)
{
    await Console.Error.WriteLineAsync($"bench: {e.Message}");
    return 1;
}

static string Load() => File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Split(' ')[0] : "unknown";
