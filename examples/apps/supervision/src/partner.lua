local function main()
    process.spawn_linked("app:failing", "app:processes")
    process.inbox():receive()
end
return { main = main }
