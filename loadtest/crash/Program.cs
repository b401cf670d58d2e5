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
    var verdict = await new CrashRun(options, folder, Console.WriteLine).RunAsync();
    foreach (var (kind, count) in verdict.ByKind)
        Console.WriteLine($"{count,5}  {kind}");
    Console.WriteLine($"{verdict.Workflows} workflows ({verdict.Instances} instances left with their children), {verdict.Effects} effects of which "
        + $"{verdict.Repeated} were repeated, {verdict.Reminders} reminders");
    foreach (var fault in verdict.Faults)
        Console.WriteLine($"FAULT {fault}");
    if (verdict.Faults.Count == 0 && !options.Keep)
        Directory.Delete(folder, recursive: true);
    Console.WriteLine($"{verdict.Kills} of {options.Kills} kills, {verdict.Faults.Count} faults");
    return verdict.Faults.Count == 0 && verdict.Kills == options.Kills ? 0 : 1;
}
catch (Exception e) when (e is ArgumentException or InvalidOperationException)
{
    await Console.Error.WriteLineAsync($"crash: {e.Message}");
    return 2;
}
