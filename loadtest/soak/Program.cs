using ConcertDapr.Soak;

try
{
    if (args is ["serve", ..]) return await ServedSidecars.RunAsync(args[1..]);
    return await new SoakRun(SoakOptions.Parse(args)).RunAsync() ? 0 : 1;
}
catch (Exception e) when (e is FormatException or InvalidOperationException or IOException or TimeoutException)
{
    await Console.Error.WriteLineAsync($"soak: {e.Message}");
    return 1;
}
