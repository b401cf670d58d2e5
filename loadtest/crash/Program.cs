using System.Globalization;
using ConcertDapr.Crash;

if (args is ["app", var port, var ledger])
{
    await AppUnderTest.RunAsync(port, ledger);
    return 0;
}
try
{
    var options = CrashOptions.Parse(args);
    var folder = Directory.CreateTempSubdirectory("concert-crash-").FullName;
    Console.WriteLine($"seed {options.Seed}, {options.Kills} kills, in {folder}");
    var (kills, faults) = options.TakesOver ? await TakeOversAsync(options, folder) : await CrashesAsync(options, folder);
    foreach (var fault in faults)
        Console.WriteLine($"FAULT {fault}");
    if (faults.Count == 0 && !options.Keep)
        Directory.Delete(folder, recursive: true);
    Console.WriteLine($"{kills} of {options.Kills} kills, {faults.Count} faults");
    return faults.Count == 0 && kills == options.Kills ? 0 : 1;
}
catch (Exception e) when (e is ArgumentException or InvalidOperationException)
{
    await Console.Error.WriteLineAsync($"crash: {e.Message}");
    return 2;
}

static async Task<(int Kills, IReadOnlyList<string> Faults)> CrashesAsync(CrashOptions options, string folder)
{
    var verdict = await new CrashRun(options, folder, Console.WriteLine).RunAsync();
    foreach (var (kind, count) in verdict.ByKind)
        Console.WriteLine($"{count,5}  {kind}");
    Console.WriteLine($"{verdict.Workflows} workflows ({verdict.Instances} instances left with their children), {verdict.Effects} effects of which "
        + $"{verdict.Repeated} were repeated, {verdict.Reminders} reminders");
    return (verdict.Kills, verdict.Faults);
}

static async Task<(int Kills, IReadOnlyList<string> Faults)> TakeOversAsync(CrashOptions options, string folder)
{
    var verdict = await new TakeOverRun(options, folder, Console.WriteLine).RunAsync();
    var seconds = verdict.Seconds;
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"all actors answer again after {seconds[seconds.Count / 2]:0.00} s (middle), {seconds[^1]:0.00} s (longest)"));
    Console.WriteLine($"{verdict.Turns} turns acknowledged, {verdict.Unknown} broken off, {verdict.Workflows} workflows");
    return (seconds.Count, verdict.Faults);
}
